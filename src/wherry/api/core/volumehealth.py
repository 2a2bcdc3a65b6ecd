"""VolumeHealth: what a storage driver says about a volume in use."""

from __future__ import annotations

from wherry.machinery.schema import Part


class VolumeHealthCondition(Part):
    message: str = ""
    reason: str = ""
    status: str = ""
