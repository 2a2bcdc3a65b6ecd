"""Launch: brings a cluster up on this machine, stage by stage; finds what runs already."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from wherry.client import kubeconfig
from wherry.cluster import credentials, processes
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config, keep, load, settled
from wherry.cluster.pki import DamagedIdentity
from wherry.cluster.processes import Starting
from wherry.cluster.progress import Progress
from wherry.cluster.ranges import ROUTES, overlaps

CONTROL_PLANE = "controlplane"
NODE = "node"
START_SECONDS = 60.0
FIXED = ("host", "port", "agent_port", "node_name", "node_ip", "service_cidr", "cluster_cidr", "store")
TOOLS = {"containerd": "containerd", "runc": "runc", "nft": "nftables", "ip": "iproute2"}


class LaunchFailed(Exception):
    """What is missing or in the way, and what to do."""


class Launch:
    def __init__(self, config: Config, progress: Progress) -> None:
        self.config = settled(config)
        self.progress = progress

    def up(self, *, example: bool = False) -> Mapping[str, Any]:
        config = self.config
        self._check()
        server = processes.find(config.run, CONTROL_PLANE)
        node = processes.find(config.run, NODE)
        if server is not None:
            self._agree()
        if node is None:
            self._find_room()
        with self.progress.stage("certificates and configuration"):
            self._prepare()
        starting: list[tuple[str, Starting]] = []
        # Both at once: the node has its runtime to start while the API server loads.
        if server is None:
            starting.append(("control plane answers", self._start(CONTROL_PLANE, "server")))
        if node is None:
            starting.append((f"node {config.node_name} is Ready", self._start(NODE, "node")))
        for words, each in starting:
            with self.progress.stage(words):
                each.wait(START_SECONDS)
        with self.progress.stage(f"kubeconfig, context {config.context}"):
            self._kubeconfig()
        if example:
            from wherry.cluster.running import run_example

            run_example(config, self.progress)
        return self._result(found=not starting, example=example)

    def _check(self) -> None:
        if os.geteuid() != 0:
            raise LaunchFailed(
                "a node needs root to run containers: use sudo, "
                "or run the control plane alone with `wherry server`"
            )
        missing = {tool: package for tool, package in TOOLS.items() if shutil.which(tool) is None}
        if missing:
            tools, packages = ", ".join(missing), " ".join(missing.values())
            raise LaunchFailed(f"not installed: {tools}; install with: apt-get install {packages}")

    def _agree(self) -> None:
        """What runs stays as it is: other settings are for its next start."""
        running = load({"name": self.config.name, "data_dir": self.config.data_dir})
        for setting in FIXED:
            now, asked = getattr(running, setting), getattr(self.config, setting)
            if now != asked:
                raise LaunchFailed(
                    f"cluster {self.config.name} runs with {setting} {now}, not {asked}: "
                    "stop it with `wherry down`, then start it with the new setting"
                )

    def _find_room(self) -> None:
        """Pods and Services need addresses that lead nowhere else, to another cluster above all."""
        wanted = (self.config.cluster_cidr, self.config.service_cidr)
        try:
            found = list(overlaps(wanted, ROUTES.read_text()))
        except OSError:
            return
        if not found:
            return
        from wherry.network.pods import bridge_name

        own = bridge_name(self.config.context)
        for overlap in found:
            if overlap.device != own:
                raise LaunchFailed(
                    f"{overlap.wanted} is in use: {overlap.route} leads to {overlap.device}, perhaps another "
                    "cluster's; choose ranges with --cluster-cidr and --service-cidr"
                )

    def _prepare(self) -> None:
        config = self.config
        try:
            config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            keep(config)
            now = SystemClock().now()
            credentials.prepare(config, now)
            credentials.node(config, now)
        except DamagedIdentity as error:
            raise LaunchFailed(str(error)) from None
        except OSError as error:
            raise LaunchFailed(
                f"{config.data_dir} cannot be written: {error.strerror}; free some room, "
                "or choose another folder with --data-dir"
            ) from None

    def _start(self, component: str, verb: str) -> Starting:
        config = self.config
        arguments = [verb, "--name", config.name, "--data-dir", str(config.data_dir)]
        return processes.start(component, arguments, config.run, config.logs)

    def _kubeconfig(self) -> None:
        """Into the user's own file, for kubectl and helm as they are."""
        access = kubeconfig.load(self.config.kubeconfig)
        try:
            credentials.publish(kubeconfig.default_path(), self.config.context, access)
        except (OSError, kubeconfig.KubeconfigError) as error:
            # The cluster runs all the same, and its own file has everything.
            raise LaunchFailed(
                f"the cluster runs, but {kubeconfig.default_path()} could not be changed: {error}; "
                f"use --kubeconfig {self.config.kubeconfig}"
            ) from None

    def _result(self, *, found: bool, example: bool) -> Mapping[str, Any]:
        config = self.config
        tries: Sequence[str] = (f"kubectl --context {config.context} get nodes -o wide",)
        if example:
            from wherry.cluster.example import NODE_PORT

            tries = (
                f"kubectl --context {config.context} get deploy,pods,svc -o wide",
                f"curl http://{config.node_ip}:{NODE_PORT}/",
            )
        return {
            "name": config.name,
            "found": found,
            "server": config.url,
            "kubeconfig": str(config.kubeconfig),
            "context": config.context,
            "node": config.node_name,
            "try": list(tries),
        }
