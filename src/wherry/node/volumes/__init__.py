"""Volumes: what pods mount, one file per type, each registered by `@volume_type`."""
