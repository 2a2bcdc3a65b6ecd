"""scheduler: where a Pod runs. Node state is columns; a plug-in answers for all nodes at once."""
