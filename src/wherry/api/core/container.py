"""Container: what runs in a Pod, with its environment, probes, hooks and rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.poddefaults import complete_container
from wherry.machinery.schema import (
    Atomic,
    Int32,
    Int64,
    IntOrString,
    ListMap,
    ListSet,
    Merge,
    OneOf,
    Part,
    Quantity,
    Written,
    atomic,
)


class AppArmorProfile(Part):
    localhostProfile: str = ""
    type: Annotated[str, OneOf("Localhost", "RuntimeDefault", "Unconfined")] = ""


class Capabilities(Part):
    add: Annotated[tuple[str, ...], Atomic()] = ()
    drop: Annotated[tuple[str, ...], Atomic()] = ()


class ConfigMapEnvSource(Part):
    name: str = ""
    optional: bool = False


@atomic
class ConfigMapKeySelector(Part):
    key: str = ""
    name: str = ""
    optional: bool = False


class ContainerPort(Part):
    containerPort: Int32 = 0
    hostIP: str = ""
    hostPort: Int32 | None = None
    name: str = ""
    protocol: Annotated[str, OneOf("SCTP", "TCP", "UDP")] = "TCP"


class ContainerResizePolicy(Part):
    resourceName: str = ""
    restartPolicy: Annotated[str, OneOf("NotRequired", "RestartContainer")] = ""


class ContainerRestartRuleOnExitCodes(Part):
    operator: Annotated[str, OneOf("In", "NotIn")] = ""
    values: Annotated[tuple[Int32, ...], ListSet()] = ()


class ContainerRestartRule(Part):
    action: Annotated[str, OneOf("Restart", "RestartAllContainers")] = ""
    exitCodes: ContainerRestartRuleOnExitCodes | None = None


class SecretEnvSource(Part):
    name: str = ""
    optional: bool = False


class EnvFromSource(Part):
    configMapRef: ConfigMapEnvSource | None = None
    prefix: str = ""
    secretRef: SecretEnvSource | None = None


@atomic
class FileKeySelector(Part):
    key: str = ""
    optional: Annotated[bool, Written()] = False
    path: str = ""
    volumeName: str = ""


@atomic
class ObjectFieldSelector(Part):
    apiVersion: str = "v1"
    fieldPath: str = ""


@atomic
class ResourceFieldSelector(Part):
    containerName: str = ""
    divisor: Quantity = "0"
    resource: str = ""


@atomic
class SecretKeySelector(Part):
    key: str = ""
    name: str = ""
    optional: bool = False


class EnvVarSource(Part):
    configMapKeyRef: ConfigMapKeySelector | None = None
    fieldRef: ObjectFieldSelector | None = None
    fileKeyRef: FileKeySelector | None = None
    resourceFieldRef: ResourceFieldSelector | None = None
    secretKeyRef: SecretKeySelector | None = None


class EnvVar(Part):
    name: str = ""
    value: str = ""
    valueFrom: EnvVarSource | None = None


class ExecAction(Part):
    command: Annotated[tuple[str, ...], Atomic()] = ()


class HTTPHeader(Part):
    name: str = ""
    value: str = ""


class HTTPGetAction(Part):
    host: str = ""
    httpHeaders: Annotated[tuple[HTTPHeader, ...], Atomic()] = ()
    path: str = "/"
    port: IntOrString | None = None
    protocol: str = ""
    scheme: Annotated[str, OneOf("HTTP", "HTTPS")] = "HTTP"


class SleepAction(Part):
    seconds: Int64 = 0


class TCPSocketAction(Part):
    host: str = ""
    port: IntOrString | None = None


class LifecycleHandler(Part):
    exec: ExecAction | None = None
    httpGet: HTTPGetAction | None = None
    sleep: SleepAction | None = None
    tcpSocket: TCPSocketAction | None = None


class Lifecycle(Part):
    postStart: LifecycleHandler | None = None
    preStop: LifecycleHandler | None = None
    stopSignal: str = ""


class GRPCAction(Part):
    mode: str = ""
    port: Int32 = 0
    service: Annotated[str, Written()] = ""


class Probe(Part):
    exec: ExecAction | None = None
    failureThreshold: Int32 = 3
    grpc: GRPCAction | None = None
    httpGet: HTTPGetAction | None = None
    initialDelaySeconds: Int32 | None = None
    periodSeconds: Int32 = 10
    successThreshold: Int32 = 1
    tcpSocket: TCPSocketAction | None = None
    terminationGracePeriodSeconds: Int64 | None = None
    timeoutSeconds: Int32 = 1


class ResourceClaim(Part):
    name: str = ""
    request: str = ""


class ResourceRequirements(Part):
    claims: Annotated[tuple[ResourceClaim, ...], ListMap("name")] = ()
    limits: Mapping[str, Quantity] = {}
    requests: Mapping[str, Quantity] = {}


class SELinuxOptions(Part):
    level: str = ""
    role: str = ""
    type: str = ""
    user: str = ""


class SeccompProfile(Part):
    localhostProfile: str = ""
    type: Annotated[str, OneOf("Localhost", "RuntimeDefault", "Unconfined")] = ""


class WindowsSecurityContextOptions(Part):
    gmsaCredentialSpec: str = ""
    gmsaCredentialSpecName: str = ""
    hostProcess: bool = False
    runAsUserName: str = ""


class SecurityContext(Part):
    allowPrivilegeEscalation: bool | None = None
    appArmorProfile: AppArmorProfile | None = None
    capabilities: Capabilities | None = None
    privileged: bool | None = None
    procMount: Annotated[str, OneOf("Default", "Unmasked")] = ""
    readOnlyRootFilesystem: bool | None = None
    runAsGroup: Int64 | None = None
    runAsNonRoot: bool | None = None
    runAsUser: Int64 | None = None
    seLinuxOptions: SELinuxOptions | None = None
    seccompProfile: SeccompProfile | None = None
    windowsOptions: WindowsSecurityContextOptions | None = None


class VolumeDevice(Part):
    devicePath: str = ""
    name: str = ""


class VolumeMount(Part):
    bindMountOptions: Annotated[tuple[str, ...], ListSet()] = ()
    mountPath: str = ""
    mountPropagation: Annotated[str, OneOf("Bidirectional", "HostToContainer", "None")] = ""
    name: str = ""
    readOnly: bool = False
    recursiveReadOnly: Annotated[str, OneOf("Disabled", "Enabled", "IfPossible")] = ""
    subPath: str = ""
    subPathExpr: str = ""


class Container(Part):
    args: Annotated[tuple[str, ...], Atomic()] = ()
    command: Annotated[tuple[str, ...], Atomic()] = ()
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), Merge("merge", "name")] = ()
    envFrom: Annotated[tuple[EnvFromSource, ...], Atomic()] = ()
    image: str = ""
    imagePullPolicy: Annotated[str, OneOf("Always", "IfNotPresent", "Never")] = ""
    lifecycle: Lifecycle | None = None
    livenessProbe: Probe | None = None
    name: str = ""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), Merge("merge", "containerPort")
    ] = ()
    readinessProbe: Probe | None = None
    resizePolicy: Annotated[tuple[ContainerResizePolicy, ...], Atomic()] = ()
    resources: ResourceRequirements = ResourceRequirements()
    restartPolicy: Annotated[str, OneOf("Always", "Never", "OnFailure")] = ""
    restartPolicyRules: Annotated[tuple[ContainerRestartRule, ...], Atomic()] = ()
    securityContext: SecurityContext | None = None
    startupProbe: Probe | None = None
    stdin: bool = False
    stdinOnce: bool = False
    terminationMessagePath: str = "/dev/termination-log"
    terminationMessagePolicy: Annotated[str, OneOf("File", "FallbackToLogsOnError")] = "File"
    tty: bool = False
    volumeDevices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), Merge("merge", "devicePath")
    ] = ()
    volumeMounts: Annotated[tuple[VolumeMount, ...], ListMap("mountPath"), Merge("merge", "mountPath")] = ()
    workingDir: str = ""

    complete = staticmethod(complete_container)


class EphemeralContainer(Part):
    args: Annotated[tuple[str, ...], Atomic()] = ()
    command: Annotated[tuple[str, ...], Atomic()] = ()
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), Merge("merge", "name")] = ()
    envFrom: Annotated[tuple[EnvFromSource, ...], Atomic()] = ()
    image: str = ""
    imagePullPolicy: Annotated[str, OneOf("Always", "IfNotPresent", "Never")] = ""
    lifecycle: Lifecycle | None = None
    livenessProbe: Probe | None = None
    name: str = ""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), Merge("merge", "containerPort")
    ] = ()
    readinessProbe: Probe | None = None
    resizePolicy: Annotated[tuple[ContainerResizePolicy, ...], Atomic()] = ()
    resources: ResourceRequirements = ResourceRequirements()
    restartPolicy: str = ""
    restartPolicyRules: Annotated[tuple[ContainerRestartRule, ...], Atomic()] = ()
    securityContext: SecurityContext | None = None
    startupProbe: Probe | None = None
    stdin: bool = False
    stdinOnce: bool = False
    targetContainerName: str = ""
    terminationMessagePath: str = "/dev/termination-log"
    terminationMessagePolicy: Annotated[str, OneOf("File", "FallbackToLogsOnError")] = "File"
    tty: bool = False
    volumeDevices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), Merge("merge", "devicePath")
    ] = ()
    volumeMounts: Annotated[tuple[VolumeMount, ...], ListMap("mountPath"), Merge("merge", "mountPath")] = ()
    workingDir: str = ""

    complete = staticmethod(complete_container)


class Sysctl(Part):
    name: str = ""
    value: str = ""


class PodSecurityContext(Part):
    appArmorProfile: AppArmorProfile | None = None
    fsGroup: Int64 | None = None
    fsGroupChangePolicy: Annotated[str, OneOf("Always", "OnRootMismatch")] = ""
    runAsGroup: Int64 | None = None
    runAsNonRoot: bool | None = None
    runAsUser: Int64 | None = None
    seLinuxChangePolicy: Annotated[str, OneOf("MountOption", "Recursive")] = ""
    seLinuxOptions: SELinuxOptions | None = None
    seccompProfile: SeccompProfile | None = None
    supplementalGroups: Annotated[tuple[Int64, ...], Atomic()] = ()
    supplementalGroupsPolicy: Annotated[str, OneOf("Merge", "Strict")] = ""
    sysctls: Annotated[tuple[Sysctl, ...], Atomic()] = ()
    windowsOptions: WindowsSecurityContextOptions | None = None


class VolumeResourceRequirements(Part):
    limits: Mapping[str, Quantity] = {}
    requests: Mapping[str, Quantity] = {}
