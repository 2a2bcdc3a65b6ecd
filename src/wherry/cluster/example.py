"""Example: the application that `up --example` runs: three replicas behind a Service, in two versions.

Its images are made on the spot, from the machine's own busybox: nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

from wherry.node.runtimes.images import write_busybox

NAME = "hello"
NODE_PORT = 30080
VERSIONS = ("1", "2")


def image(version: str) -> str:
    return f"wherry.local/{NAME}:{version}"


def write_images(folder: Path) -> list[Path]:
    """Image archives of both versions, made where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for version in VERSIONS:
        file = folder / f"{NAME}-{version}.tar"
        if not file.exists():
            write_busybox(str(file), image(version), env={"VERSION": version})
        files.append(file)
    return files


MANIFEST = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {NAME}
  labels: {{app: {NAME}}}
spec:
  replicas: 3
  selector:
    matchLabels: {{app: {NAME}}}
  strategy:
    rollingUpdate: {{maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata:
      labels: {{app: {NAME}}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: {NAME}
        image: {image("1")}
        ports:
        - containerPort: 8080
        readinessProbe:
          httpGet: {{path: /, port: 8080}}
          periodSeconds: 1
        lifecycle:
          preStop:
            sleep: {{seconds: 2}}
        resources:
          requests: {{cpu: 10m, memory: 16Mi}}
---
apiVersion: v1
kind: Service
metadata:
  name: {NAME}
spec:
  type: NodePort
  selector: {{app: {NAME}}}
  ports:
  - port: 80
    targetPort: 8080
    nodePort: {NODE_PORT}
"""
