"""NodeNetwork: the pod network and the Service proxy of this machine's node, by the cluster's settings."""

from __future__ import annotations

from ipaddress import ip_network

from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.client.cache import Caches
from wherry.cluster.config import Config
from wherry.machinery.clock import Clock
from wherry.network import pods
from wherry.network.pods import PodNetwork
from wherry.network.proxy import script
from wherry.network.proxy.adapter import Place
from wherry.network.proxy.model import Ranges
from wherry.network.proxy.nft import Nft
from wherry.network.proxy.proxier import Proxier

NODE_PREFIX = 24


class NodeNetwork:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.ranges = Ranges((config.cluster_cidr,), (config.service_cidr,))
        self.pods = PodNetwork(
            config.context,
            (self.pod_cidr,),
            self.ranges,
            config.data_dir / "network",
            config.data_dir / "cni",
        )

    @property
    def pod_cidr(self) -> str:
        """The first node's share of the cluster's pod addresses."""
        network = ip_network(self.config.cluster_cidr)
        prefix = max(NODE_PREFIX if network.version == 4 else 64, network.prefixlen)
        return str(next(network.subnets(new_prefix=prefix)))

    async def set_up(self) -> None:
        await pods.up(self.pods)

    def proxier(self, caches: Caches, clock: Clock) -> Proxier:
        return Proxier(
            caches.of(Service),
            caches.of(EndpointSlice),
            Place(self.config.node_name),
            self.ranges,
            clock,
            table=self.config.context,
        )

    async def tear_down(self) -> None:
        """Leave nothing on the host: no rules, no bridge, no routes, the kernel's settings as they were."""
        await Nft().run(script.remove(self.config.context))
        await pods.down(self.pods)
