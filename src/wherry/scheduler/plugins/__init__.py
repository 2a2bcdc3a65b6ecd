"""plugins: one file each; the default set, with weights, in the order in which they are asked."""
