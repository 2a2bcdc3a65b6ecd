"""What is refused, in upstream's words: one change of a good object at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from wherry.api.registry import Resource, by_plural
from wherry.machinery.enums import validate_enums
from wherry.machinery.errors import FieldError
from wherry.machinery.schema import complete

CONTAINER = {"name": "c", "image": "i"}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}}
SELECTOR = {"matchLabels": {"app": "web"}}
WORKLOAD = {"spec": {"selector": SELECTOR, "template": TEMPLATE}}
JOB_TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
WEBHOOK = {
    "name": "a.b.c",
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "clientConfig": {"url": "https://x/"},
    "rules": [RULE],
}
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
GOOD: dict[str, dict[str, Any]] = {
    "v1 pods": {"spec": {"containers": [CONTAINER]}},
    "v1 services": {"spec": {"ports": [{"port": 80}], "selector": {"app": "web"}}},
    "v1 configmaps": {"data": {"a": "b"}},
    "v1 secrets": {"data": {"a": "Yg=="}},
    "v1 namespaces": {"spec": {"finalizers": ["kubernetes"]}},
    "v1 nodes": {"spec": {"podCIDRs": ["10.1.0.0/24"]}},
    "v1 serviceaccounts": {},
    "v1 endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "v1 limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}},
    "v1 resourcequotas": {"spec": {"hard": {"pods": "3", "count/jobs.batch": "1"}}},
    "v1 replicationcontrollers": {"spec": {"template": TEMPLATE}},
    "v1 podtemplates": {"template": TEMPLATE},
    "v1 events": {"metadata": {"namespace": "default"}, "involvedObject": {"namespace": "default"}},
    "v1 persistentvolumeclaims": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "v1 persistentvolumes": {
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    },
    "apps/v1 deployments": WORKLOAD,
    "apps/v1 replicasets": WORKLOAD,
    "apps/v1 daemonsets": WORKLOAD,
    "apps/v1 statefulsets": WORKLOAD,
    "apps/v1 controllerrevisions": {"data": {"a": 1}, "revision": 1},
    "batch/v1 jobs": {
        "spec": {
            "manualSelector": True,
            "selector": SELECTOR,
            "template": {"metadata": {"labels": {"app": "web"}}, **JOB_TEMPLATE},
        }
    },
    "batch/v1 cronjobs": {
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": JOB_TEMPLATE}}}
    },
    "autoscaling/v2 horizontalpodautoscalers": {
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    },
    "autoscaling/v1 horizontalpodautoscalers": {
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    },
    "policy/v1 poddisruptionbudgets": {"spec": {"minAvailable": 1, "selector": SELECTOR}},
    "networking.k8s.io/v1 ingresses": {
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    },
    "networking.k8s.io/v1 ingressclasses": {"spec": {"controller": "x.io/y"}},
    "networking.k8s.io/v1 networkpolicies": {
        "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}
    },
    "networking.k8s.io/v1 servicecidrs": {"spec": {"cidrs": ["10.0.0.0/16"]}},
    "networking.k8s.io/v1 ipaddresses": {
        "metadata": {"name": "10.0.0.1"},
        "spec": {"parentRef": {"resource": "services", "name": "a"}},
    },
    "discovery.k8s.io/v1 endpointslices": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]},
    "coordination.k8s.io/v1 leases": {"spec": {"leaseDurationSeconds": 15}},
    "scheduling.k8s.io/v1 priorityclasses": {"value": 10},
    "node.k8s.io/v1 runtimeclasses": {"handler": "runc"},
    "storage.k8s.io/v1 storageclasses": {"provisioner": "x.io/y"},
    "storage.k8s.io/v1 csidrivers": {"spec": {}},
    "storage.k8s.io/v1 csinodes": {"spec": {"drivers": [{"name": "d", "nodeID": "n"}]}},
    "storage.k8s.io/v1 csistoragecapacities": {"storageClassName": "x"},
    "storage.k8s.io/v1 volumeattachments": {
        "spec": {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    },
    "storage.k8s.io/v1 volumeattributesclasses": {"driverName": "d", "parameters": {"a": "b"}},
    "rbac.authorization.k8s.io/v1 roles": {
        "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    },
    "rbac.authorization.k8s.io/v1 clusterroles": {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]},
    "rbac.authorization.k8s.io/v1 rolebindings": {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "u"}],
    },
    "rbac.authorization.k8s.io/v1 clusterrolebindings": {"roleRef": {"kind": "ClusterRole", "name": "r"}},
    "admissionregistration.k8s.io/v1 validatingwebhookconfigurations": {"webhooks": [WEBHOOK]},
    "admissionregistration.k8s.io/v1 mutatingwebhookconfigurations": {"webhooks": [WEBHOOK]},
    "admissionregistration.k8s.io/v1 validatingadmissionpolicies": {
        "spec": {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}]}
    },
    "admissionregistration.k8s.io/v1 validatingadmissionpolicybindings": {
        "spec": {"policyName": "p", "validationActions": ["Deny"]}
    },
    "admissionregistration.k8s.io/v1 mutatingadmissionpolicies": {
        "spec": {
            "matchConstraints": {"resourceRules": [RULE]},
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}],
        }
    },
    "admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings": {"spec": {"policyName": "p"}},
    "certificates.k8s.io/v1 certificatesigningrequests": {
        "spec": {"request": "eA==", "signerName": "x.io/y", "usages": ["client auth"]}
    },
    "apiregistration.k8s.io/v1 apiservices": {
        "metadata": {"name": "v1.x.io"},
        "spec": {"group": "x.io", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100},
    },
    "apiextensions.k8s.io/v1 customresourcedefinitions": {
        "metadata": {"name": "foos.x.io"},
        "spec": {
            "group": "x.io",
            "scope": "Namespaced",
            "names": {"plural": "foos", "kind": "Foo"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    },
    "resource.k8s.io/v1 resourceclaims": {
        "spec": {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "x"}}]}}
    },
    "resource.k8s.io/v1 resourceslices": {
        "spec": {"driver": "x.io", "nodeName": "n", "pool": {"name": "p", "resourceSliceCount": 1}}
    },
    "flowcontrol.apiserver.k8s.io/v1 flowschemas": {"spec": {"priorityLevelConfiguration": {"name": "p"}}},
    "flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations": {
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    },
}


def resource_of(key: str) -> Resource:
    version, plural = key.split()
    group, _, name = version.rpartition("/")
    found = by_plural(group, name, plural)
    assert found is not None
    return found


def made(key: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The good object of a kind, with the values at some paths replaced (None: taken away), completed."""
    tree = copy.deepcopy(GOOD[key])
    tree.setdefault("metadata", {}).setdefault("name", "o")
    for path, value in (changes or {}).items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        place: Any = tree
        for step in steps:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is None:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    complete(tree, resource_of(key).shape)
    return tree


def found(
    key: str, new: dict[str, Any], old: dict[str, Any] | None = None, subresource: str = ""
) -> list[str]:
    resource = resource_of(key)
    strategy = resource.strategy
    typed = msgspec.convert(new, resource.type)
    before = msgspec.convert(old, resource.type) if old is not None else None

    def errors() -> Iterator[FieldError]:
        yield from validate_enums(new, resource.shape)
        if strategy.validate is not None:
            yield from strategy.validate(typed, before)
        if before is not None and subresource in strategy.transitions:
            yield from strategy.transitions[subresource](typed, before)

    return [str(error) for error in errors()]


@pytest.mark.parametrize("key", GOOD)
def test_a_good_object_is_accepted_and_may_stay_as_it_is(key: str) -> None:
    tree = made(key)
    assert found(key, tree) == []
    assert found(key, tree, tree) == []


C = "spec.containers.0."
ENV = {"name": "A", "valueFrom": {}}
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("v1 pods", {"spec.containers": []}, "spec.containers: Required value"),
    ("v1 pods", {C + "name": "A"}, f'spec.containers[0].name: Invalid value: "A": {LABEL}'),
    ("v1 pods", {C + "image": None}, "spec.containers[0].image: Required value"),
    ("v1 pods", {C + "image": " a"}, "must not have leading or trailing whitespace"),
    ("v1 pods", {"spec.containers": [CONTAINER, CONTAINER]}, 'spec.containers[1].name: Duplicate value: "c"'),
    (
        "v1 pods",
        {C + "imagePullPolicy": "X"},
        'spec.containers[0].imagePullPolicy: Unsupported value: "X": supported values: '
        '"Always", "IfNotPresent", "Never"',
    ),
    (
        "v1 pods",
        {"spec.restartPolicy": "X"},
        'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
    ),
    ("v1 pods", {"spec.dnsPolicy": "None"}, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
    ("v1 pods", {C + "ports": [{"containerPort": 0}]}, "spec.containers[0].ports[0].containerPort: Required value"),
    (
        "v1 pods",
        {C + "ports": [{"containerPort": 70000}]},
        "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    ),
    (
        "v1 pods",
        {C + "ports": [{"containerPort": 1, "hostPort": 2}], "spec.hostNetwork": True},
        "spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` is true",
    ),
    (
        "v1 pods",
        {C + "ports": [{"containerPort": p, "hostPort": 9} for p in (1, 2)]},
        'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"',
    ),
    ("v1 pods", {C + "env": [{"name": "A=B"}]}, "a valid environment variable name must consist only of printable ASCII"),
    ("v1 pods", {C + "env": [ENV]}, "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
    (
        "v1 pods",
        {C + "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]},
        'valueFrom.fieldRef.fieldPath: Unsupported value: "spec.x": supported values: "metadata.name", "metadata.namespace"',
    ),
    (
        "v1 pods",
        {C + "resources": {"limits": {"cpu": "100m"}, "requests": {"cpu": "1"}}},
        'spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 100m',
    ),
    (
        "v1 pods",
        {C + "resources": {"limits": {"foo": "1"}}},
        'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
    ),
    ("v1 pods", {C + "resources": {"limits": {"x.io/a": "1500m"}}}, 'limits[x.io/a]: Invalid value: "1500m": must be an integer'),
    ("v1 pods", {C + "resources": {"requests": {"x.io/a": "1"}}}, "Limit must be set for non overcommitable resources"),
    ("v1 pods", {C + "volumeMounts": [{"name": "v", "mountPath": "/v"}]}, 'volumeMounts[0].name: Not found: "v"'),
    ("v1 pods", {"spec.volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}, "may not specify more than 1 volume type"),
    ("v1 pods", {"spec.volumes": [{"name": "v", "secret": {}}]}, "spec.volumes[0].secret.secretName: Required value"),
    (
        "v1 pods",
        {"spec.volumes": [{"name": "v", "configMap": {"name": "a", "defaultMode": 512}}]},
        "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    ),
    ("v1 pods", {C + "livenessProbe": {}}, "spec.containers[0].livenessProbe: Required value: must specify a handler type"),
    ("v1 pods", {C + "livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}}, "successThreshold: Invalid value: 2: must be 1"),
    (
        "v1 pods",
        {C + "readinessProbe": {"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 1}},
        "must not be set for readinessProbes",
    ),
    (
        "v1 pods",
        {"spec.initContainers": [{**CONTAINER, "name": "i", "livenessProbe": {"exec": {"command": ["a"]}}}]},
        "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ),
    (
        "v1 pods",
        {"spec.tolerations": [{"value": "a"}]},
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ),
    ("v1 pods", {"spec.tolerations": [{"key": "a", "tolerationSeconds": 1}]}, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
    (
        "v1 pods",
        {"spec.affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
        "must have at least one node selector term",
    ),
    ("v1 pods", {"spec.topologySpreadConstraints": [{"topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}]}, "must be greater than zero"),
    ("v1 pods", {"spec.securityContext.runAsUser": -1}, "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647"),
    (
        "v1 pods",
        {C + "securityContext": {"allowPrivilegeEscalation": False, "privileged": True}},
        "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
    ),
    ("v1 pods", {"spec.schedulingGates": [{"name": "a"}], "spec.nodeName": "n"}, "cannot be set until all schedulingGates have been cleared"),
    ("v1 pods", {"spec.ephemeralContainers": [{**CONTAINER, "name": "e"}]}, "spec.ephemeralContainers: Forbidden: cannot be set on create"),
    ("v1 pods", {"spec.hostPID": True, "spec.shareProcessNamespace": True}, "ShareProcessNamespace and HostPID cannot both be enabled"),
    ("v1 pods", {"spec.activeDeadlineSeconds": 0}, "must be between 1 and 2147483647, inclusive"),
    ("v1 configmaps", {"data": {"a b": ""}}, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
    ("v1 configmaps", {"binaryData": {"a": ""}}, "duplicate of key present in binaryData"),
    ("v1 configmaps", {"data": {"a": "x" * 1048577}}, "Too long: may not be more than 1048576 bytes"),
    ("v1 secrets", {"type": "kubernetes.io/tls"}, "data[tls.crt]: Required value"),
    ("v1 secrets", {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}}, "<secret contents redacted>"),
    ("v1 secrets", {"type": "kubernetes.io/service-account-token"}, "metadata.annotations[kubernetes.io/service-account.name]: Required value"),
    ("v1 services", {"spec.ports": None}, "spec.ports: Required value"),
    ("v1 services", {"spec.ports": [{"port": 1}, {"port": 2, "name": "b"}]}, "spec.ports[0].name: Required value"),
    ("v1 services", {"spec.ports.0.nodePort": 30000}, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"),
    ("v1 services", {"spec.ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]}, 'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}'),
    ("v1 services", {"spec.type": "ExternalName"}, "spec.externalName: Required value"),
    ("v1 services", {"spec.type": "X"}, 'supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
    ("v1 services", {"spec.externalTrafficPolicy": "Local"}, "may only be set for externally-accessible services"),
    ("v1 services", {"spec.healthCheckNodePort": 30000}, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
    ("v1 services", {"spec.loadBalancerClass": "x"}, "may only be used when `type` is 'LoadBalancer'"),
    ("v1 services", {"spec.clusterIP": "x"}, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    ("v1 endpoints", {"subsets.0.addresses": None}, "must specify `addresses` or `notReadyAddresses`"),
    ("v1 endpoints", {"subsets.0.addresses.0.ip": "127.0.0.1"}, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
    ("v1 limitranges", {"spec.limits.0.min": {"cpu": "3"}}, "min value 3 is greater than max value 2"),
    ("v1 persistentvolumeclaims", {"spec.accessModes": None}, "at least 1 access mode is required"),
    ("v1 persistentvolumeclaims", {"spec.resources": None}, "spec.resources[storage]: Required value"),
    (
        "v1 persistentvolumeclaims",
        {"spec.accessModes": ["X"]},
        'spec.accessModes: Unsupported value: "X": supported values: '
        '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ),
    ("v1 persistentvolumes", {"spec.hostPath": None}, "spec: Required value: must specify a volume type"),
    ("v1 persistentvolumes", {"spec.hostPath": None, "spec.local": {"path": "/x"}}, "Local volume requires node affinity"),
    ("v1 events", {"metadata.namespace": "x"}, "involvedObject.namespace: Invalid value: \"default\": does not match event.namespace"),
    ("apps/v1 deployments", {"spec.selector": None}, "spec.selector: Required value"),
    ("apps/v1 deployments", {"spec.template.metadata.labels": {"a": "b"}}, "`selector` does not match template `labels`"),
    (
        "apps/v1 deployments",
        {"spec.template.spec.restartPolicy": "Never"},
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
    ("apps/v1 deployments", {"spec.strategy": {"type": "Recreate", "rollingUpdate": {}}}, "may not be specified when strategy `type` is 'Recreate'"),
    ("apps/v1 deployments", {"spec.strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}, "may not be 0 when `maxSurge` is 0"),
    ("apps/v1 deployments", {"spec.strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}, "must not be greater than 100%"),
    ("apps/v1 deployments", {"spec.replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    ("apps/v1 deployments", {"spec.progressDeadlineSeconds": 5, "spec.minReadySeconds": 5}, "must be greater than minReadySeconds"),
    ("apps/v1 daemonsets", {"spec.updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}, "cannot be 0 when maxSurge is 0"),
    ("apps/v1 daemonsets", {"spec.updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}, "may not be set when maxUnavailable is non-zero"),
    ("apps/v1 statefulsets", {"spec.podManagementPolicy": "X"}, "must be 'OrderedReady' or 'Parallel'"),
    ("apps/v1 statefulsets", {"spec.updateStrategy": {"type": "X"}}, "must be 'RollingUpdate' or 'OnDelete'"),
    ("apps/v1 statefulsets", {"spec.updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}}, "only allowed for updateStrategy 'RollingUpdate'"),
    ("batch/v1 jobs", {"spec.template.spec.restartPolicy": "Always"}, 'supported values: "OnFailure", "Never"'),
    ("batch/v1 jobs", {"spec.completionMode": "Indexed", "spec.parallelism": 1}, "spec.completions: Required value: when completion mode is Indexed"),
    ("batch/v1 jobs", {"spec.backoffLimitPerIndex": 1}, "requires indexed completion mode"),
    ("batch/v1 jobs", {"spec.manualSelector": False}, "`selector` not auto-generated"),
    ("batch/v1 cronjobs", {"spec.schedule": "* * *"}, 'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'),
    ("batch/v1 cronjobs", {"spec.schedule": "TZ=UTC * * * * *"}, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    ("batch/v1 cronjobs", {"spec.timeZone": "Moon/Base"}, "unknown time zone Moon/Base"),
    ("batch/v1 cronjobs", {"metadata.name": "x" * 53}, "must be no more than 52 characters"),
    ("autoscaling/v2 horizontalpodautoscalers", {"spec.maxReplicas": 0}, "spec.maxReplicas: Required value: must be set and greater than 0"),
    ("autoscaling/v2 horizontalpodautoscalers", {"spec.minReplicas": 4}, "must be greater than or equal to `minReplicas`"),
    ("autoscaling/v2 horizontalpodautoscalers", {"spec.minReplicas": 0}, "must specify at least one Object or External metric"),
    ("policy/v1 poddisruptionbudgets", {"spec.maxUnavailable": 1}, "minAvailable and maxUnavailable cannot be both set"),
    ("networking.k8s.io/v1 ingresses", {"spec": {}}, "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"),
    ("networking.k8s.io/v1 ingresses", {"spec.rules": [{"http": {"paths": [{"backend": {}}]}}]}, "pathType must be specified"),
    ("networking.k8s.io/v1 ingresses", {"spec.rules": [{"host": "1.2.3.4"}]}, "must be a DNS name, not an IP address"),
    ("networking.k8s.io/v1 networkpolicies", {"spec.ingress.0.from.0": {}}, "spec.ingress[0].from[0]: Required value: must specify a peer"),
    (
        "networking.k8s.io/v1 networkpolicies",
        {"spec.ingress.0.from.0": {"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.1.0.0/24"]}}},
        "ipBlock.except[0]: Invalid value: \"10.1.0.0/24\": must be a strict subset of `cidr`",
    ),
    ("networking.k8s.io/v1 ipaddresses", {"metadata.name": "2001:DB8::1"}, 'must be in canonical form ("2001:db8::1")'),
    ("discovery.k8s.io/v1 endpointslices", {"endpoints.0.addresses": []}, "must contain at least 1 address"),
    ("discovery.k8s.io/v1 endpointslices", {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001}, "Too many: 1001: must have at most 1000 items"),
    ("coordination.k8s.io/v1 leases", {"spec.leaseDurationSeconds": 0}, "must be greater than 0"),
    ("scheduling.k8s.io/v1 priorityclasses", {"value": 1000000001}, "maximum allowed value of a user defined priority is 1000000000"),
    ("scheduling.k8s.io/v1 priorityclasses", {"metadata.name": "system-x"}, "priority class names with 'system-' prefix are reserved"),
    ("rbac.authorization.k8s.io/v1 roles", {"rules.0.verbs": []}, "rules[0].verbs: Required value: verbs must contain at least one value"),
    ("rbac.authorization.k8s.io/v1 roles", {"rules.0.nonResourceURLs": ["/"]}, "namespaced rules cannot apply to non-resource URLs"),
    ("rbac.authorization.k8s.io/v1 clusterrolebindings", {"roleRef.kind": "Role"}, 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'),
    ("rbac.authorization.k8s.io/v1 rolebindings", {"subjects.0.kind": "X"}, 'supported values: "ServiceAccount", "User", "Group"'),
    ("storage.k8s.io/v1 storageclasses", {"provisioner": ""}, "provisioner: Required value"),
    ("admissionregistration.k8s.io/v1 validatingwebhookconfigurations", {"webhooks.0.name": "a.b"}, "should be a domain with at least three segments separated by dots"),
    ("admissionregistration.k8s.io/v1 validatingwebhookconfigurations", {"webhooks.0.timeoutSeconds": 31}, "the timeout value must be between 1 and 30 seconds"),
    ("admissionregistration.k8s.io/v1 mutatingwebhookconfigurations", {"webhooks.0.clientConfig": {}}, "exactly one of url or service is required"),
    ("admissionregistration.k8s.io/v1 validatingadmissionpolicies", {"spec.validations": []}, "validations or auditAnnotations must contain at least one item"),
    ("certificates.k8s.io/v1 certificatesigningrequests", {"spec.usages": ["x"]}, 'spec.usages[0]: Unsupported value: "x"'),
    ("certificates.k8s.io/v1 certificatesigningrequests", {"spec.expirationSeconds": 1}, "may not specify a duration less than 600 seconds (10 minutes)"),
    ("apiregistration.k8s.io/v1 apiservices", {"metadata.name": "x"}, 'must be `spec.version+"."+spec.group`: "v1.x.io"'),
    ("apiextensions.k8s.io/v1 customresourcedefinitions", {"metadata.name": "x"}, 'must be spec.names.plural+"."+spec.group'),
    ("apiextensions.k8s.io/v1 customresourcedefinitions", {"spec.versions.0.storage": False}, "must have exactly one version marked as storage version"),
    ("apiextensions.k8s.io/v1 customresourcedefinitions", {"spec.versions.0.schema": None}, "schemas are required"),
    ("resource.k8s.io/v1 resourceclaims", {"spec.devices.requests.0.exactly.allocationMode": "X"}, 'supported values: "All", "ExactCount"'),
]  # fmt: skip


@pytest.mark.parametrize(("key", "changes", "message"), CASES, ids=lambda value: str(value)[:60])
def test_a_bad_object_is_refused_in_these_words(key: str, changes: dict[str, Any], message: str) -> None:
    errors = found(key, made(key, changes))
    assert any(message in error for error in errors), errors


BOUND = {"status.phase": "Bound", "status.capacity": {"storage": "1Gi"}, "spec.volumeName": "v"}
SC = "storage.k8s.io/v1 storageclasses"
UPDATES: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("v1 pods", "", {}, {C + "image": "j"}, ""),
    ("v1 pods", "", {}, {C + "name": "d"}, "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"),
    ("v1 pods", "", {}, {"spec.containers": [CONTAINER, {**CONTAINER, "name": "d"}]}, "pod updates may not add or remove containers"),
    ("v1 pods", "", {"spec.tolerations": [{"key": "a"}]}, {}, "existing toleration can not be modified except its tolerationSeconds"),
    ("v1 pods", "", {"spec.activeDeadlineSeconds": 5}, {"spec.activeDeadlineSeconds": 6}, "must be less than or equal to previous value"),
    ("v1 pods", "", {"spec.activeDeadlineSeconds": 5}, {}, "must not update from a positive integer to nil value"),
    ("v1 pods", "", {}, {"spec.schedulingGates": [{"name": "x"}]}, "only deletion is allowed, but found new scheduling gate 'x'"),
    ("v1 pods", "", {"spec.schedulingGates": [{"name": "x"}]}, {"spec.nodeSelector": {"a": "b"}}, ""),
    ("v1 pods", "resize", {C + "resources": {"requests": {"cpu": "2"}}}, {C + "resources": {"requests": {"cpu": "1"}}}, ""),
    ("v1 pods", "resize", {}, {C + "resources": {"requests": {"cpu": "1"}}}, "spec: Invalid value: \"\": Pod QOS Class may not change as a result of resizing"),
    ("v1 pods", "resize", {}, {C + "resources": {"requests": {"ephemeral-storage": "1"}}}, "only cpu and memory resources are mutable"),
    ("v1 pods", "ephemeralcontainers", {"spec.ephemeralContainers": [{**CONTAINER, "name": "e"}]}, {}, 'existing ephemeral containers "e" may not be removed'),
    ("v1 configmaps", "", {"immutable": True}, {"immutable": True, "data": {}}, "data: Forbidden: field is immutable when `immutable` is set"),
    ("v1 secrets", "", {}, {"type": "x"}, 'type: Invalid value: "x": field is immutable'),
    ("v1 services", "", {"spec.clusterIPs": ["10.0.0.1"], "spec.clusterIP": "10.0.0.1"}, {"spec.clusterIPs": ["10.0.0.2"], "spec.clusterIP": "10.0.0.2"}, "may not change once set"),
    ("v1 nodes", "", {}, {"spec.podCIDRs": ["10.2.0.0/24"]}, 'node updates may not change podCIDR except from "" to valid'),
    ("v1 nodes", "", {"spec.providerID": "a"}, {"spec.providerID": "b"}, 'node updates may not change providerID except from "" to valid'),
    ("v1 persistentvolumeclaims", "", {}, {"spec.accessModes": ["ReadOnlyMany"]}, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"),
    ("v1 persistentvolumeclaims", "", BOUND, {**BOUND, "spec.resources.requests.storage": "2Gi"}, ""),
    ("v1 persistentvolumeclaims", "", BOUND, {**BOUND, "spec.resources.requests.storage": "1Mi"}, "field can not be less than status.capacity"),
    ("v1 persistentvolumes", "", {}, {"spec.hostPath.path": "/y"}, "spec.persistentvolumesource is immutable after creation"),
    ("apps/v1 deployments", "", {}, {"spec.selector.matchLabels": {"a": "b"}, "spec.template.metadata.labels": {"a": "b"}}, "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\"}}: field is immutable"),
    ("apps/v1 statefulsets", "", {}, {"spec.serviceName": "x"}, "updates to statefulset spec for fields other than 'replicas'"),
    ("apps/v1 statefulsets", "", {}, {"spec.replicas": 5}, ""),
    ("batch/v1 jobs", "", {}, {"spec.template.spec.containers.0.image": "x"}, "spec.template: Invalid value"),
    ("batch/v1 jobs", "", {"spec.suspend": True}, {"spec.template.spec.nodeSelector": {"a": "b"}}, ""),
    ("batch/v1 jobs", "", {}, {"spec.completions": 9}, "spec.completions: Invalid value: 9: field is immutable"),
    ("batch/v1 jobs", "status", {}, {"status.conditions": [{"type": "Complete", "status": "True"}]}, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"),
    (SC, "", {}, {"parameters": {"a": "b"}}, 'parameters: Invalid value: {"a":"b"}: field is immutable'),
    ("storage.k8s.io/v1 csidrivers", "", {}, {"spec.attachRequired": False}, "spec.attachedRequired: Invalid value: false: field is immutable"),
    ("storage.k8s.io/v1 volumeattributesclasses", "", {}, {"driverName": "e"}, "updates to driverName are forbidden."),
    ("rbac.authorization.k8s.io/v1 rolebindings", "", {}, {"roleRef.name": "x"}, "cannot change roleRef"),
    ("scheduling.k8s.io/v1 priorityclasses", "", {}, {"value": 11}, "value: Forbidden: may not be changed in an update."),
    ("node.k8s.io/v1 runtimeclasses", "", {}, {"handler": "x"}, "field is immutable"),
    ("discovery.k8s.io/v1 endpointslices", "", {}, {"addressType": "IPv6", "endpoints": []}, "addressType: Invalid value: \"IPv6\": field is immutable"),
    ("certificates.k8s.io/v1 certificatesigningrequests", "status", {}, {"status.conditions": [{"type": "Approved", "status": "True"}]}, 'updates may not add a condition of type "Approved"'),
    ("apiextensions.k8s.io/v1 customresourcedefinitions", "", {}, {"spec.group": "y.io", "metadata.name": "foos.y.io"}, "spec.group: Invalid value: \"y.io\": field is immutable"),
    ("resource.k8s.io/v1 resourceclaims", "", {}, {"spec.devices.requests.0.name": "b"}, "field is immutable"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "subresource", "before", "after", "message"), UPDATES, ids=lambda v: str(v)[:60]
)
def test_what_an_update_may_change(
    key: str, subresource: str, before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    errors = found(key, made(key, after), made(key, before), subresource)
    assert any(message in error for error in errors) if message else errors == [], errors


def test_a_headless_service_may_name_a_target_port() -> None:
    """Upstream tolerates it in v1: nothing is forwarded, so nothing comes of it."""
    spec = {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80, "targetPort": 8080}]}
    assert found("v1 services", made("v1 services", {"spec": spec})) == []
