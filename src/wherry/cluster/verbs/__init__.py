"""verbs: what `wherry VERB` does, one file each; listed in `wherry.cluster.entry`."""
