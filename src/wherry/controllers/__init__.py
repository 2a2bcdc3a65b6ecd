"""Controllers: what ought to be. Each file holds a pure function from what is seen to what should be done."""
