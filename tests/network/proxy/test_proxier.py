"""The proxy at work: a node, pods and clients in namespaces, and connections between them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.machine

VIP = "10.96.0.10"
VIP6 = "fd96::10"
NODE, OUT = "203.0.113.2", "203.0.113.9"
