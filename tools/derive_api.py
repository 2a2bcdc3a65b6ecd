"""derive_api: write the first form of `wherry.api`'s types from the published schema.

    python tools/derive_api.py FACTS OUT

Run once per Kubernetes release into an empty folder; the difference to `src/wherry/api` is what that
release changed. What it wrote is then owned by hand: defaults that depend on other fields, validation
and columns are added to the files, and `tests/api/test_schema.py` keeps fields, list keys and merge keys
equal to the schema.

The schema is the one in the package kubernetes-validate; FACTS is a folder with resources.tsv.
"""

from __future__ import annotations

import argparse
import csv
import json
import keyword
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate

VERSION = "v1.37.0-local"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
CORE = "io.k8s.api.core.v1"
PRIMITIVES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "Raw",
    f"{META}.Time": "Time",
    f"{META}.MicroTime": "MicroTime",
    f"{META}.FieldsV1": "Raw",
    f"{META}.Patch": "Raw",
    **{
        f"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.{name}": "Raw"
        for name in (
            "JSON",
            "JSONSchemaPropsOrArray",
            "JSONSchemaPropsOrBool",
            "JSONSchemaPropsOrStringArray",
        )
    },
}

# Package of the group, by API group: the folder's name under wherry/api.
FOLDERS = {
    "": "core",
    "admissionregistration.k8s.io": "admissionregistration",
    "apiextensions.k8s.io": "apiextensions",
    "apiregistration.k8s.io": "apiregistration",
    "authentication.k8s.io": "authentication",
    "authorization.k8s.io": "authorization",
    "certificates.k8s.io": "certificates",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "events.k8s.io": "events",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "storage.k8s.io": "storage",
    "storagemigration.k8s.io": "storagemigration",
}

# Where parts that several kinds share live, and parts that would make a kind's file too long.
PLACES: list[tuple[str, str]] = [
    (
        rf"{META}\.(ObjectMeta|OwnerReference|ManagedFieldsEntry|LabelSelector|LabelSelectorRequirement|Condition|ListMeta|ShardInfo)",
        "machinery.meta",
    ),
    (rf"{META}\.(DeleteOptions|Preconditions|FieldSelectorRequirement|GroupResource)", "api.meta.options"),
    (
        rf"{CORE}\.(ObjectReference|LocalObjectReference|SecretReference|TypedLocalObjectReference|TypedObjectReference)",
        "api.core.reference",
    ),
    (rf"{CORE}\.(SessionAffinityConfig|ClientIPConfig)", "api.core.service"),
    (
        rf"{CORE}\.(Taint|Toleration|NodeSelector.*|TopologySelector.*|.*Affinity.*|PreferredSchedulingTerm|TopologySpreadConstraint)",
        "api.core.affinity",
    ),
    (
        rf"{CORE}\.(Volume|.*VolumeSource|.*Projection|KeyToPath|DownwardAPIVolumeFile|PersistentVolumeClaimTemplate)",
        "api.core.volume",
    ),
    (rf"{CORE}\.(.*PersistentVolumeSource|VolumeNodeAffinity)", "api.core.persistentvolumesource"),
    (
        rf"{CORE}\.(Container|ContainerPort|Env.*|.*KeySelector|ObjectFieldSelector|ResourceFieldSelector|Probe|Lifecycle|LifecycleHandler|.*Action|ResourceRequirements|VolumeResourceRequirements|ResourceClaim|.*SecurityContext|Capabilities|SELinuxOptions|SeccompProfile|AppArmorProfile|WindowsSecurityContextOptions|VolumeMount|VolumeDevice|EphemeralContainer|ContainerResizePolicy|ContainerRestartRule.*|HTTPHeader|Sysctl)",
        "api.core.container",
    ),
    (
        rf"{CORE}\.(ContainerState.*|ContainerStatus|ContainerUser|LinuxContainerUser|VolumeMountStatus|ResourceStatus|ResourceHealth|.*PodStatus|PodCondition|PodIP|HostIP|PodResourceClaimStatus|PodExtendedResourceClaimStatus|ContainerExtendedResourceRequest|ImageVolumeStatus|NodeAllocatable.*|PodCertificate.*Status|VolumeStatus|PodVolumeHealth)",
        "api.core.podstatus",
    ),
    (rf"{CORE}\.(LoadBalancer.*|PortStatus|ServicePort)", "api.core.service"),
    (rf"{CORE}\.(Node.*|AttachedVolume|ContainerImage|DaemonEndpoint)", "api.core.node"),
    (rf"{CORE}\.PodTemplateSpec", "api.core.podtemplate"),
    (rf"{CORE}\.(ConfigMapEnvSource|SecretEnvSource)", "api.core.container"),
    (rf"{CORE}\.EventSource", "api.core.event"),
    (rf"{CORE}\.(HostAlias|EvictionResponder.*)", "api.core.pod"),
    (rf"{CORE}\.PersistentVolumeClaimSpec", "api.core.persistentvolumeclaim"),
    (rf"{CORE}\.PersistentVolumeSpec", "api.core.persistentvolume"),
    (rf"{CORE}\.VolumeHealthCondition", "api.core.volumehealth"),
    (r".*batch\.v1\.(Job.*|PodFailurePolicy.*|SuccessPolicy.*)", "api.batch.job"),
    (r".*rbac\.v1\..*", "api.rbac.rule"),
    (r".*authorization\.v1\..*", "api.authorization.access"),
    (r".*authentication\.v1\.UserInfo", "api.authentication.userinfo"),
    (r".*resource\.v1\.ResourceClaimSpec", "api.resource.resourceclaim"),
    (r".*admissionregistration\.v1\..*", "api.admissionregistration.matching"),
    (r".*scheduling\..*", "api.scheduling.workload"),
    (rf"{CORE}\.Pod.*", "api.core.pod"),
    (
        r".*networking\.v1\.Ingress(Backend|ServiceBackend|Rule|TLS|LoadBalancer.*|PortStatus)",
        "api.networking.ingress",
    ),
    (
        r".*resource\.v1\.(Device.*|.*DeviceRequest.*|.*DeviceSelector|CELDeviceSelector|OpaqueDeviceConfiguration|ExactDeviceRequest|CapacityRe.*|Counter.*|NodeAllocatable.*)",
        "api.resource.device",
    ),
    (
        r".*apiextensions\.v1\.(JSONSchemaProps|ExternalDocumentation|ValidationRule)",
        "api.apiextensions.jsonschema",
    ),
]

# Fields whose default is the API's own, when it depends on nothing else. Zero-like ones are written out
# by the server too; `Written` says so.
DEFAULTS: dict[tuple[str, str], Any] = {
    ("PodSpec", "restartPolicy"): "Always",
    ("PodSpec", "terminationGracePeriodSeconds"): 30,
    ("PodSpec", "dnsPolicy"): "ClusterFirst",
    ("PodSpec", "schedulerName"): "default-scheduler",
    ("Container", "terminationMessagePath"): "/dev/termination-log",
    ("Container", "terminationMessagePolicy"): "File",
    ("EphemeralContainer", "terminationMessagePath"): "/dev/termination-log",
    ("EphemeralContainer", "terminationMessagePolicy"): "File",
    ("ContainerPort", "protocol"): "TCP",
    ("Probe", "timeoutSeconds"): 1,
    ("Probe", "periodSeconds"): 10,
    ("Probe", "successThreshold"): 1,
    ("Probe", "failureThreshold"): 3,
    ("HTTPGetAction", "path"): "/",
    ("HTTPGetAction", "scheme"): "HTTP",
    ("ObjectFieldSelector", "apiVersion"): "v1",
    ("SecretVolumeSource", "defaultMode"): 420,
    ("ConfigMapVolumeSource", "defaultMode"): 420,
    ("DownwardAPIVolumeSource", "defaultMode"): 420,
    ("ProjectedVolumeSource", "defaultMode"): 420,
    ("ServiceAccountTokenProjection", "expirationSeconds"): 3600,
    ("ISCSIVolumeSource", "iscsiInterface"): "default",
    ("ISCSIPersistentVolumeSource", "iscsiInterface"): "default",
    ("RBDVolumeSource", "pool"): "rbd",
    ("RBDVolumeSource", "user"): "admin",
    ("RBDVolumeSource", "keyring"): "/etc/ceph/keyring",
    ("RBDPersistentVolumeSource", "pool"): "rbd",
    ("RBDPersistentVolumeSource", "user"): "admin",
    ("RBDPersistentVolumeSource", "keyring"): "/etc/ceph/keyring",
    ("AzureDiskVolumeSource", "cachingMode"): "ReadWrite",
    ("AzureDiskVolumeSource", "fsType"): "ext4",
    ("AzureDiskVolumeSource", "readOnly"): False,
    ("AzureDiskVolumeSource", "kind"): "Shared",
    ("ScaleIOVolumeSource", "storageMode"): "ThinProvisioned",
    ("ScaleIOVolumeSource", "fsType"): "xfs",
    ("ScaleIOPersistentVolumeSource", "storageMode"): "ThinProvisioned",
    ("ScaleIOPersistentVolumeSource", "fsType"): "xfs",
    ("HostPathVolumeSource", "type"): "",
    ("PersistentVolumeClaimSpec", "volumeMode"): "Filesystem",
    ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy"): "Retain",
    ("PersistentVolumeSpec", "volumeMode"): "Filesystem",
    ("ServiceSpec", "type"): "ClusterIP",
    ("ServiceSpec", "sessionAffinity"): "None",
    ("ServicePort", "protocol"): "TCP",
    ("Secret", "type"): "Opaque",
    ("core.EndpointPort", "protocol"): "TCP",
    ("NamespaceStatus", "phase"): "Active",
    ("ReplicationControllerSpec", "replicas"): 1,
    ("DeploymentSpec", "replicas"): 1,
    ("DeploymentSpec", "revisionHistoryLimit"): 10,
    ("DeploymentSpec", "progressDeadlineSeconds"): 600,
    ("DeploymentStrategy", "type"): "RollingUpdate",
    ("StatefulSetSpec", "replicas"): 1,
    ("StatefulSetSpec", "podManagementPolicy"): "OrderedReady",
    ("StatefulSetSpec", "revisionHistoryLimit"): 10,
    ("StatefulSetUpdateStrategy", "type"): "RollingUpdate",
    ("StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted"): "Retain",
    ("StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled"): "Retain",
    ("ReplicaSetSpec", "replicas"): 1,
    ("DaemonSetUpdateStrategy", "type"): "RollingUpdate",
    ("DaemonSetSpec", "revisionHistoryLimit"): 10,
    ("JobSpec", "parallelism"): 1,
    ("JobSpec", "completionMode"): "NonIndexed",
    ("JobSpec", "suspend"): False,
    ("JobSpec", "manualSelector"): False,
    ("PodFailurePolicyOnPodConditionsPattern", "status"): "True",
    ("CronJobSpec", "concurrencyPolicy"): "Allow",
    ("CronJobSpec", "suspend"): False,
    ("CronJobSpec", "successfulJobsHistoryLimit"): 3,
    ("CronJobSpec", "failedJobsHistoryLimit"): 1,
    ("HorizontalPodAutoscalerSpec", "minReplicas"): 1,
    ("NetworkPolicyPort", "protocol"): "TCP",
    ("IngressClassParametersReference", "scope"): "Cluster",
    ("RoleRef", "apiGroup"): "rbac.authorization.k8s.io",
    ("StorageClass", "reclaimPolicy"): "Delete",
    ("StorageClass", "volumeBindingMode"): "Immediate",
    ("CSIDriverSpec", "attachRequired"): True,
    ("CSIDriverSpec", "podInfoOnMount"): False,
    ("CSIDriverSpec", "storageCapacity"): False,
    ("CSIDriverSpec", "fsGroupPolicy"): "ReadWriteOnceWithFSType",
    ("CSIDriverSpec", "requiresRepublish"): False,
    ("CSIDriverSpec", "seLinuxMount"): False,
    ("PriorityClass", "preemptionPolicy"): "PreemptLowerPriority",
    ("discovery.EndpointPort", "protocol"): "TCP",
    ("discovery.EndpointPort", "name"): "",
    ("ValidatingWebhook", "failurePolicy"): "Fail",
    ("ValidatingWebhook", "matchPolicy"): "Equivalent",
    ("ValidatingWebhook", "timeoutSeconds"): 10,
    ("MutatingWebhook", "failurePolicy"): "Fail",
    ("MutatingWebhook", "matchPolicy"): "Equivalent",
    ("MutatingWebhook", "timeoutSeconds"): 10,
    ("MutatingWebhook", "reinvocationPolicy"): "Never",
    ("RuleWithOperations", "scope"): "*",
    ("NamedRuleWithOperations", "scope"): "*",
    ("ServiceReference", "port"): 443,
    ("ValidatingAdmissionPolicySpec", "failurePolicy"): "Fail",
    ("MutatingAdmissionPolicySpec", "failurePolicy"): "Fail",
    ("MatchResources", "matchPolicy"): "Equivalent",
    ("FlowSchemaSpec", "matchingPrecedence"): 1000,
    ("LimitedPriorityLevelConfiguration", "nominalConcurrencyShares"): 30,
    ("LimitedPriorityLevelConfiguration", "lendablePercent"): 0,
    ("ExemptPriorityLevelConfiguration", "nominalConcurrencyShares"): 0,
    ("ExemptPriorityLevelConfiguration", "lendablePercent"): 0,
    ("QueuingConfiguration", "queues"): 64,
    ("QueuingConfiguration", "handSize"): 8,
    ("QueuingConfiguration", "queueLengthLimit"): 50,
    ("ExactDeviceRequest", "allocationMode"): "ExactCount",
    ("DeviceSubRequest", "allocationMode"): "ExactCount",
    ("PodCertificateRequestSpec", "maxExpirationSeconds"): 86400,
    ("FileKeySelector", "optional"): False,
    ("RollingUpdateStatefulSetStrategy", "partition"): 0,
}  # fmt: skip

# Fields where absent and false (or "") mean different things.
TRISTATE = set(
    [
        "automountServiceAccountToken",
        "enableServiceLinks",
        "immutable",
        "runAsNonRoot",
        "allowPrivilegeEscalation",
        "readOnlyRootFilesystem",
        "privileged",
        "controller",
        "blockOwnerDeletion",
        "setHostnameAsFQDN",
        "hostUsers",
        "shareProcessNamespace",
        "allocateLoadBalancerNodePorts",
        "ready",
        "serving",
        "terminating",
        "started",
        "allowVolumeExpansion",
        "orphanDependents",
        "publishNotReadyAddresses",
        "attachRequired",
        "podInfoOnMount",
        "storageCapacity",
        "requiresRepublish",
        "seLinuxMount",
        "nodeExpandSecretRef",
        "allowed",
        "storageClassName",
        "volumeAttributesClassName",
        "hostnameOverride",
        "selectPolicy",
    ]
)
PLAIN_BOOLS = {"publishNotReadyAddresses", "allowed"}
TRISTATE -= PLAIN_BOOLS

INSTANCES = {
    "metadata",
    "spec",
    "status",
    "template",
    "resources",
    "strategy",
    "updateStrategy",
    "jobTemplate",
}

MODULES_HEAD = {
    "api.core.reference": "Reference: how one object names another.",
    "api.core.affinity": "Affinity: where Pods want to be, taints and tolerations, spreading.",
    "api.core.volume": "Volume: what a Pod can mount.",
    "api.core.persistentvolumesource": "PersistentVolumeSource: what is behind a PersistentVolume.",
    "api.core.container": "Container: what runs in a Pod, with its environment, probes, hooks and rights.",
    "api.core.podstatus": "PodStatus: what was seen of a Pod and its containers.",
    "api.core.volumehealth": "VolumeHealth: what a storage driver says about a volume in use.",
    "api.meta.options": "Options: what a client may say about how its request is carried out.",
    "machinery.meta": "Metadata: what every object carries, and how objects point at and select each other.",
    "api.rbac.rule": "Rule: what may be done to what, and who may do it.",
    "api.authorization.access": "Access: a question whether somebody may do something, and its answer.",
    "api.authentication.userinfo": "UserInfo: who somebody is.",
    "api.admissionregistration.matching": "Matching: which requests a webhook or policy is asked about.",
    "api.scheduling.workload": "Workload: how Pods that belong together are scheduled.",
    "api.resource.device": "Device: devices, how they are asked for, and how they were given.",
    "api.apiextensions.jsonschema": "JSONSchemaProps: the schema of a custom resource.",
}

KIND_HEAD = {
    "Binding": "ties a Pod to the node it is to run on",
    "ComponentStatus": "the health of a control-plane component, as older clients ask for it",
    "ConfigMap": "configuration data for Pods",
    "Endpoints": "the addresses behind a Service, all in one object; EndpointSlices replace it",
    "Event": "something that happened to an object",
    "LimitRange": "bounds and defaults for resources in a namespace",
    "Namespace": "a scope for names",
    "Node": "a machine that runs Pods",
    "PersistentVolumeClaim": "a request for storage",
    "PersistentVolume": "a piece of storage in the cluster",
    "Pod": "containers that run together on one node",
    "PodTemplate": "a template that Pods are made from",
    "ReplicationController": "keeps a number of Pods alive; ReplicaSets replace it",
    "ResourceQuota": "what a namespace may use in total",
    "Secret": "data that not everybody may read",
    "ServiceAccount": "an identity for what runs in Pods",
    "Service": "one stable name and address for a changing set of Pods",
    "MutatingAdmissionPolicy": "changes objects on their way in, by expressions",
    "MutatingAdmissionPolicyBinding": "puts a MutatingAdmissionPolicy to work",
    "MutatingWebhookConfiguration": "which webhooks may change objects on their way in",
    "ValidatingAdmissionPolicy": "accepts or refuses objects, by expressions",
    "ValidatingAdmissionPolicyBinding": "puts a ValidatingAdmissionPolicy to work",
    "ValidatingWebhookConfiguration": "which webhooks may refuse objects",
    "CustomResourceDefinition": "a new kind of object",
    "APIService": "a group and version that another server answers for",
    "ControllerRevision": "a remembered state of a DaemonSet or StatefulSet",
    "DaemonSet": "one Pod on every fitting node",
    "Deployment": "declares Pods and how to go from one version of them to the next",
    "ReplicaSet": "keeps a number of Pods alive",
    "StatefulSet": "Pods with stable names and storage",
    "SelfSubjectReview": "who am I",
    "TokenReview": "whose token is this",
    "TokenRequest": "asks for a token of a ServiceAccount",
    "LocalSubjectAccessReview": "may somebody do this in this namespace",
    "SelfSubjectAccessReview": "may I do this",
    "SelfSubjectRulesReview": "what may I do in this namespace",
    "SubjectAccessReview": "may somebody do this",
    "HorizontalPodAutoscaler": "scales a workload by what is measured",
    "Scale": "the replica count of anything that scales",
    "CronJob": "starts a Job on a schedule",
    "Job": "runs Pods until enough of them succeeded",
    "CertificateSigningRequest": "asks for a certificate",
    "ClusterTrustBundle": "root certificates that Pods can mount",
    "PodCertificateRequest": "asks for a certificate on behalf of a Pod",
    "Lease": "who holds something, and since when",
    "EndpointSlice": "some of the addresses behind a Service",
    "FlowSchema": "which requests belong to which priority level",
    "PriorityLevelConfiguration": "how many requests of a level run at once, and how others wait",
    "IngressClass": "which controller serves an Ingress",
    "Ingress": "HTTP routes from outside to Services",
    "IPAddress": "an address that is taken by a Service",
    "NetworkPolicy": "which traffic to and from Pods is allowed",
    "ServiceCIDR": "a range that Service addresses are taken from",
    "RuntimeClass": "how a node's runtime runs a Pod",
    "PodDisruptionBudget": "how many Pods may be gone at a time by choice",
    "Eviction": "asks for a Pod to go, within its disruption budget",
    "ClusterRoleBinding": "gives a ClusterRole to subjects, everywhere",
    "ClusterRole": "rights, everywhere or for use in any namespace",
    "RoleBinding": "gives a role to subjects in one namespace",
    "Role": "rights in one namespace",
    "DeviceClass": "a kind of device that can be asked for",
    "DeviceTaintRule": "keeps Pods off devices",
    "ResourceClaim": "a request for devices",
    "ResourceClaimTemplate": "a template that ResourceClaims are made from",
    "ResourceSlice": "devices that a driver offers on a node",
    "PriorityClass": "how important a Pod is",
    "CSIDriver": "what the cluster needs to know of a storage driver",
    "CSINode": "the storage drivers of a node",
    "CSIStorageCapacity": "how much storage is left where",
    "StorageClass": "how volumes of a class are made",
    "VolumeAttachment": "a volume that is to be attached to a node",
    "VolumeAttributesClass": "properties of a volume that can change",
    "StorageVersionMigration": "rewrites stored objects in the newest version",
}  # fmt: skip


def short(ref: str) -> str:
    return ref.rsplit(".", 1)[-1]


class Schema:
    def __init__(self, facts: Path) -> None:
        base = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / VERSION
        self.definitions: dict[str, Any] = json.loads((base / "_definitions.json").read_text())["$defs"]
        with (facts / "resources.tsv").open() as table:
            rows = list(csv.DictReader(table, delimiter="\t"))
        self.rows = [row for row in rows if row["served_by_default"] == "default"]
        self.by_gvk = {}
        for name, definition in self.definitions.items():
            for gvk in definition.get("x-kubernetes-group-version-kind", ()):
                if name.endswith("." + gvk["kind"]):
                    self.by_gvk[gvk["group"], gvk["version"], gvk["kind"]] = name
        self.modules: dict[str, str] = {}  # definition -> module
        self.place()

    def refs(self, name: str) -> Iterator[str]:
        def walk(node: Any) -> Iterator[str]:
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield node["$ref"].removeprefix("#/$defs/")
                for key, child in node.items():
                    if key != "description":
                        yield from walk(child)
            elif isinstance(node, list):
                for child in node:
                    yield from walk(child)

        yield from (
            ref for ref in walk(self.definitions[name].get("properties", {})) if ref not in PRIMITIVES
        )

    def kinds(self) -> Iterator[tuple[str, str, str, str]]:
        """(group, version, kind, definition) of everything served by default, and what only subresources use."""
        seen = set()
        for row in self.rows:
            group = "" if row["group"] == "(core)" else row["group"]
            yield group, row["version"], row["kind"], self.by_gvk[group, row["version"], row["kind"]]
            seen.add((group, row["version"], row["kind"]))
        for gvk in (
            ("autoscaling", "v1", "Scale"),
            ("policy", "v1", "Eviction"),
            ("authentication.k8s.io", "v1", "TokenRequest"),
        ):
            yield *gvk, self.by_gvk[gvk]

    def home(self, group: str, version: str, kind: str) -> str:
        folder = FOLDERS.get(group, group)
        # autoscaling is the one group that serves two versions by default.
        name = kind.lower() + (
            "v1" if (group, version, kind) == ("autoscaling", "v1", "HorizontalPodAutoscaler") else ""
        )
        return f"api.{folder}.{name}"

    def place(self) -> None:
        users: dict[str, set[str]] = defaultdict(set)
        for group, version, kind, definition in self.kinds():
            module = self.home(group, version, kind)
            self.modules[definition] = module
        for definition, module in list(self.modules.items()):
            stack, seen = [definition], {definition}
            while stack:
                for ref in self.refs(stack.pop()):
                    if ref not in seen:
                        seen.add(ref)
                        users[ref].add(module)
                        if ref not in self.modules:
                            stack.append(ref)
        for ref, modules in users.items():
            if ref in self.modules:
                continue
            for pattern, place in PLACES:
                if re.fullmatch(pattern, ref):
                    self.modules[ref] = place
                    break
            else:
                if len(modules) == 1:
                    self.modules[ref] = next(iter(modules))
                else:
                    group = ref.split(".")[-3] if not ref.startswith(META) else "meta"
                    self.modules[ref] = f"api.{group}.parts"
        for name in self.definitions:
            if name.startswith(META) and name not in self.modules and name not in PRIMITIVES:
                for pattern, place in PLACES:
                    if re.fullmatch(pattern, name):
                        self.modules[name] = place


class Writer:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.top = {definition: (group, version, kind) for group, version, kind, definition in schema.kinds()}
        self.rows = {
            ("" if row["group"] == "(core)" else row["group"], row["version"], row["kind"]): row
            for row in schema.rows
        }

    def write(self, out: Path) -> None:
        files: dict[str, list[str]] = defaultdict(list)
        for definition, module in self.schema.modules.items():
            files[module].append(definition)
        for module, definitions in sorted(files.items()):
            path = out / (module.replace(".", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.module(module, definitions))

    def module(self, module: str, definitions: list[str]) -> str:
        self.imports: dict[str, set[str]] = defaultdict(set)
        ordered = self.order(definitions)
        bodies = [self.struct(module, definition) for definition in ordered]
        kinds = [self.top[d] for d in definitions if d in self.top]
        if kinds:
            kind = kinds[0][2]
            head = f"{kind}: {KIND_HEAD[kind]}."
        else:
            head = MODULES_HEAD.get(
                module, f"{module.split('.')[-2].capitalize()}: parts that several kinds of the group share."
            )
        lines = [f'"""{head}"""', "", "from __future__ import annotations", ""]
        if self.imports.pop("Mapping", None):
            lines.append("from collections.abc import Mapping")
        if names := self.imports.pop("typing", None):
            lines.append(f"from typing import {', '.join(sorted(names))}")
        lines.append("")
        for source, names in sorted(self.imports.items()):
            lines.append(f"from wherry.{source} import {', '.join(sorted(names))}")
        return "\n".join(lines) + "\n\n\n" + "\n\n\n".join(bodies) + "\n"

    def order(self, definitions: list[str]) -> list[str]:
        """Parts before what is made of them; instances as defaults need that."""
        done: list[str] = []

        def visit(definition: str, path: tuple[str, ...]) -> None:
            if definition in done or definition in path:
                return
            for ref in sorted(self.schema.refs(definition)):
                if ref in definitions:
                    visit(ref, (*path, definition))
            done.append(definition)

        for definition in sorted(definitions, key=lambda d: (d in self.top, d)):
            visit(definition, ())
        return done

    def struct(self, module: str, definition: str) -> str:
        name = short(definition)
        spec = self.schema.definitions[definition]
        properties: Mapping[str, Any] = spec.get("properties", {})
        required = set(spec.get("required", ()))
        top = self.top.get(definition)
        lines, renames = [], {}
        for field, node in properties.items():
            if top and field in ("apiVersion", "kind", "metadata"):
                continue
            attribute = field
            if keyword.iskeyword(field) or field in ("bool", "int"):
                attribute = field + "_"
            elif not field.isidentifier():
                attribute = re.sub(r"\W", "_", field).strip("_")
            if attribute != field:
                renames[attribute] = field
            lines.append(
                f"    {attribute}: "
                + self.field(module, definition, field, node, field in required, top is not None)
            )
        base = "Object" if top else "Part"
        self.imports["machinery.meta" if top else "machinery.schema"].add(base)
        if top and module == "machinery.meta":
            self.imports.pop("machinery.meta")
        arguments = f", rename={json.dumps(renames)}" if renames else ""
        head = f"class {name}({base}{arguments}):"
        if spec.get("x-kubernetes-map-type") == "atomic":
            self.imports["machinery.schema"].add("atomic")
            head = f"@atomic\n{head}"
        if top:
            group, version, _ = top
            self.imports["api.registry"].add("resource")
            row = self.rows.get(top)
            plural = row["plural"] if row else ""
            api = f"{group}/{version}" if group else version
            decorator = f'@resource("{api}", "{plural}")' if plural else f'@resource("{api}")'
            head = f"{decorator}\n{head}"
        body = "\n".join(lines) or "    pass"
        return f"{head}\n{body}"

    def field(
        self, module: str, owner: str, field: str, node: Mapping[str, Any], required: bool, top: bool
    ) -> str:
        kind, default = self.typed(module, owner, field, node, required, top)
        marks = list(self.marks(node))
        group = owner.split(".")[-3]
        key = (short(owner), field)
        for candidate in ((f"{group}.{short(owner)}", field), key):
            if candidate in DEFAULTS:
                value = DEFAULTS[candidate]
                default = repr(value).replace("'", '"')
                kind = kind.removesuffix(" | None")
                if not value:
                    marks.append("Written()")
                    self.imports["machinery.schema"].add("Written")
                break
        if marks:
            self.imports["typing"].add("Annotated")
            inner = kind.removesuffix(" | None")
            kind = f"Annotated[{inner}, {', '.join(marks)}]" + (" | None" if kind != inner else "")
        return f"{kind} = {default}"

    def typed(
        self, module: str, owner: str, field: str, node: Mapping[str, Any], required: bool, top: bool
    ) -> tuple[str, str]:
        inner = self.plain(module, owner, node)
        kind = node.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if "$ref" in node:
            ref = node["$ref"].removeprefix("#/$defs/")
            if ref in PRIMITIVES:
                word = PRIMITIVES[ref]
                if word in ("Time", "MicroTime", "Quantity"):
                    return inner, '""'
                return f"{inner} | None", "None"
            same = short(ref) == short(owner)
            if (required or field in INSTANCES) and not same:
                return inner, f"{short(ref)}()"
            return f"{inner} | None", "None"
        match kind:
            case "array":
                return inner, "()"
            case "object":
                return inner, "{}"
            case "string":
                return (f"{inner} | None", "None") if field in TRISTATE else (inner, '""')
            case "boolean":
                return (f"{inner} | None", "None") if field in TRISTATE else (inner, "False")
            case "integer":
                if required or short(owner).endswith("Status") or short(owner) == "ContainerStateTerminated":
                    return inner, "0"
                return f"{inner} | None", "None"
            case _:
                return f"{inner} | None", "None"

    def plain(self, module: str, owner: str, node: Mapping[str, Any]) -> str:
        if "$ref" in node:
            ref = node["$ref"].removeprefix("#/$defs/")
            if ref in PRIMITIVES:
                self.imports["machinery.schema"].add(PRIMITIVES[ref])
                return PRIMITIVES[ref]
            place = self.schema.modules[ref]
            if place != module:
                self.imports[place].add(short(ref))
            return short(ref)
        kind = node.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        match kind:
            case "array":
                return f"tuple[{self.plain(module, owner, node['items'])}, ...]"
            case "object":
                self.imports["Mapping"].add("Mapping")
                if "additionalProperties" in node:
                    return f"Mapping[str, {self.plain(module, owner, node['additionalProperties'])}]"
                self.imports["machinery.schema"].add("Raw")
                return "Mapping[str, Raw]"
            case "string":
                if node.get("format") == "byte":
                    self.imports["machinery.schema"].add("Bytes")
                    return "Bytes"
                return "str"
            case "boolean":
                return "bool"
            case "integer":
                word = "Int32" if node.get("format") == "int32" else "Int64"
                self.imports["machinery.schema"].add(word)
                return word
            case "number":
                return "float"
        raise ValueError(f"{owner}: {node}")

    def marks(self, node: Mapping[str, Any]) -> Iterator[str]:
        list_type = node.get("x-kubernetes-list-type")
        keys = node.get("x-kubernetes-list-map-keys", ())
        merge = node.get("x-kubernetes-patch-merge-key")
        strategy = node.get("x-kubernetes-patch-strategy")
        words = []
        if list_type == "map":
            words.append("ListMap(" + ", ".join(json.dumps(key) for key in keys) + ")")
        elif list_type == "set":
            words.append("ListSet()")
        elif list_type == "atomic":
            words.append("Atomic()")
        if node.get("x-kubernetes-map-type") == "atomic":
            words.append("Atomic()")
        if node.get("x-kubernetes-map-type") == "granular":
            words.append("Granular()")
        if strategy:
            arguments = [json.dumps(strategy)] + ([json.dumps(merge)] if merge else [])
            words.append(f"Merge({', '.join(arguments)})")
        if "enum" in node:
            words.append(
                "OneOf(" + ", ".join(json.dumps(value) for value in node["enum"] if value is not None) + ")"
            )
        for word in words:
            self.imports["machinery.schema"].add(word.split("(")[0])
            yield word


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("facts", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    Writer(Schema(arguments.facts)).write(arguments.out)


if __name__ == "__main__":
    main()
