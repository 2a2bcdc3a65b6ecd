"""machinery: the grammar of the API. Pure; knows no Kinds, does no I/O."""
