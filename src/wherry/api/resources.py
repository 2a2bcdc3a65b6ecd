"""Resources: the table of names that discovery shows; types and rules are in each kind's own file."""

from __future__ import annotations

from wherry.api.registry import Resource, Subresource

READ_WRITE = ("get", "patch", "update")
PROXY = ("create", "delete", "get", "patch", "update")


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, READ_WRITE)


SCALE = Subresource("scale", "Scale", READ_WRITE, "autoscaling", "v1")

# A table: one row a line.
# fmt: off
RESOURCES: tuple[Resource, ...] = (
    # core/v1
    Resource("", "v1", "Binding", "bindings", "binding", verbs=("create",), module="core.binding"),
    Resource("", "v1", "ComponentStatus", "componentstatuses", "componentstatus", namespaced=False, shortNames=("cs",), verbs=("get", "list"), module="core.componentstatus"),
    Resource("", "v1", "ConfigMap", "configmaps", "configmap", shortNames=("cm",), module="core.configmap"),
    Resource("", "v1", "Endpoints", "endpoints", "endpoints", shortNames=("ep",), module="core.endpoints"),
    Resource("", "v1", "Event", "events", "event", shortNames=("ev",), module="core.event"),
    Resource("", "v1", "LimitRange", "limitranges", "limitrange", shortNames=("limits",), module="core.limitrange"),
    Resource("", "v1", "Namespace", "namespaces", "namespace", namespaced=False, shortNames=("ns",), verbs=("create", "delete", "get", "list", "patch", "update", "watch"), subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")), module="core.namespace"),
    Resource("", "v1", "Node", "nodes", "node", namespaced=False, shortNames=("no",), subresources=(Subresource("proxy", "NodeProxyOptions", PROXY), _status("Node")), module="core.node"),
    Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", shortNames=("pvc",), subresources=(_status("PersistentVolumeClaim"),), module="core.persistentvolumeclaim"),
    Resource("", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume", namespaced=False, shortNames=("pv",), subresources=(_status("PersistentVolume"),), module="core.persistentvolume"),
    Resource("", "v1", "Pod", "pods", "pod", shortNames=("po",), categories=("all",), subresources=(Subresource("attach", "PodAttachOptions", ("create", "get")), Subresource("binding", "Binding", ("create",)), Subresource("ephemeralcontainers", "Pod", READ_WRITE), Subresource("eviction", "Eviction", ("create",), "policy", "v1"), Subresource("exec", "PodExecOptions", ("create", "get")), Subresource("log", "Pod", ("get",)), Subresource("portforward", "PodPortForwardOptions", ("create", "get")), Subresource("proxy", "PodProxyOptions", PROXY), Subresource("resize", "Pod", READ_WRITE), _status("Pod")), module="core.pod"),
    Resource("", "v1", "PodTemplate", "podtemplates", "podtemplate", module="core.podtemplate"),
    Resource("", "v1", "ReplicationController", "replicationcontrollers", "replicationcontroller", shortNames=("rc",), categories=("all",), subresources=(SCALE, _status("ReplicationController")), module="core.replicationcontroller"),
    Resource("", "v1", "ResourceQuota", "resourcequotas", "resourcequota", shortNames=("quota",), subresources=(_status("ResourceQuota"),), module="core.resourcequota"),
    Resource("", "v1", "Secret", "secrets", "secret", module="core.secret"),
    Resource("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", shortNames=("sa",), subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),), module="core.serviceaccount"),
    Resource("", "v1", "Service", "services", "service", shortNames=("svc",), categories=("all",), subresources=(Subresource("proxy", "ServiceProxyOptions", PROXY), _status("Service")), module="core.service"),
    # apiregistration.k8s.io/v1
    Resource("apiregistration.k8s.io", "v1", "APIService", "apiservices", "apiservice", namespaced=False, categories=("api-extensions",), subresources=(_status("APIService"),), module="apiregistration.apiservice"),
    # apps/v1
    Resource("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision", module="apps.controllerrevision"),
    Resource("apps", "v1", "DaemonSet", "daemonsets", "daemonset", shortNames=("ds",), categories=("all",), subresources=(_status("DaemonSet"),), module="apps.daemonset"),
    Resource("apps", "v1", "Deployment", "deployments", "deployment", shortNames=("deploy",), categories=("all",), subresources=(SCALE, _status("Deployment")), module="apps.deployment"),
    Resource("apps", "v1", "ReplicaSet", "replicasets", "replicaset", shortNames=("rs",), categories=("all",), subresources=(SCALE, _status("ReplicaSet")), module="apps.replicaset"),
    Resource("apps", "v1", "StatefulSet", "statefulsets", "statefulset", shortNames=("sts",), categories=("all",), subresources=(SCALE, _status("StatefulSet")), module="apps.statefulset"),
    # events.k8s.io/v1
    Resource("events.k8s.io", "v1", "Event", "events", "event", shortNames=("ev",), stored=("", "v1"), module="events.event"),
    # authentication.k8s.io/v1
    Resource("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", namespaced=False, verbs=("create",), module="authentication.selfsubjectreview"),
    Resource("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", "tokenreview", namespaced=False, verbs=("create",), module="authentication.tokenreview"),
    # authorization.k8s.io/v1
    Resource("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview", verbs=("create",), module="authorization.localsubjectaccessreview"),
    Resource("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview", namespaced=False, verbs=("create",), module="authorization.selfsubjectaccessreview"),
    Resource("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview", namespaced=False, verbs=("create",), module="authorization.selfsubjectrulesreview"),
    Resource("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview", namespaced=False, verbs=("create",), module="authorization.subjectaccessreview"),
    # autoscaling/v2
    Resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", shortNames=("hpa",), categories=("all",), subresources=(_status("HorizontalPodAutoscaler"),), module="autoscaling.horizontalpodautoscaler"),
    # autoscaling/v1
    Resource("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", shortNames=("hpa",), categories=("all",), subresources=(_status("HorizontalPodAutoscaler"),), stored=("autoscaling", "v2"), module="autoscaling.horizontalpodautoscalerv1"),
    # batch/v1
    Resource("batch", "v1", "CronJob", "cronjobs", "cronjob", shortNames=("cj",), categories=("all",), subresources=(_status("CronJob"),), module="batch.cronjob"),
    Resource("batch", "v1", "Job", "jobs", "job", categories=("all",), subresources=(_status("Job"),), module="batch.job"),
    # certificates.k8s.io/v1
    Resource("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest", namespaced=False, shortNames=("csr",), subresources=(Subresource("approval", "CertificateSigningRequest", READ_WRITE), _status("CertificateSigningRequest")), module="certificates.certificatesigningrequest"),
    Resource("certificates.k8s.io", "v1", "ClusterTrustBundle", "clustertrustbundles", "clustertrustbundle", namespaced=False, module="certificates.clustertrustbundle"),
    Resource("certificates.k8s.io", "v1", "PodCertificateRequest", "podcertificaterequests", "podcertificaterequest", subresources=(_status("PodCertificateRequest"),), module="certificates.podcertificaterequest"),
    # networking.k8s.io/v1
    Resource("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass", namespaced=False, module="networking.ingressclass"),
    Resource("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", shortNames=("ing",), subresources=(_status("Ingress"),), module="networking.ingress"),
    Resource("networking.k8s.io", "v1", "IPAddress", "ipaddresses", "ipaddress", namespaced=False, shortNames=("ip",), module="networking.ipaddress"),
    Resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", shortNames=("netpol",), module="networking.networkpolicy"),
    Resource("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", "servicecidr", namespaced=False, subresources=(_status("ServiceCIDR"),), module="networking.servicecidr"),
    # policy/v1
    Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", shortNames=("pdb",), subresources=(_status("PodDisruptionBudget"),), module="policy.poddisruptionbudget"),
    # rbac.authorization.k8s.io/v1
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", namespaced=False, module="rbac.clusterrolebinding"),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole", namespaced=False, module="rbac.clusterrole"),
    Resource("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding", module="rbac.rolebinding"),
    Resource("rbac.authorization.k8s.io", "v1", "Role", "roles", "role", module="rbac.role"),
    # storage.k8s.io/v1
    Resource("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver", namespaced=False, module="storage.csidriver"),
    Resource("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode", namespaced=False, subresources=(_status("CSINode"),), module="storage.csinode"),
    Resource("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity", module="storage.csistoragecapacity"),
    Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass", namespaced=False, shortNames=("sc",), module="storage.storageclass"),
    Resource("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment", namespaced=False, subresources=(_status("VolumeAttachment"),), module="storage.volumeattachment"),
    Resource("storage.k8s.io", "v1", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass", namespaced=False, shortNames=("vac",), module="storage.volumeattributesclass"),
    # admissionregistration.k8s.io/v1
    Resource("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy", namespaced=False, categories=("api-extensions",), module="admissionregistration.mutatingadmissionpolicy"),
    Resource("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", namespaced=False, categories=("api-extensions",), module="admissionregistration.mutatingadmissionpolicybinding"),
    Resource("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", namespaced=False, categories=("api-extensions",), module="admissionregistration.mutatingwebhookconfiguration"),
    Resource("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy", namespaced=False, categories=("api-extensions",), subresources=(_status("ValidatingAdmissionPolicy"),), module="admissionregistration.validatingadmissionpolicy"),
    Resource("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", namespaced=False, categories=("api-extensions",), module="admissionregistration.validatingadmissionpolicybinding"),
    Resource("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validatingwebhookconfiguration", namespaced=False, categories=("api-extensions",), module="admissionregistration.validatingwebhookconfiguration"),
    # apiextensions.k8s.io/v1
    Resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition", namespaced=False, shortNames=("crd", "crds"), categories=("api-extensions",), subresources=(_status("CustomResourceDefinition"),), module="apiextensions.customresourcedefinition"),
    # scheduling.k8s.io/v1
    Resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "priorityclass", namespaced=False, shortNames=("pc",), module="scheduling.priorityclass"),
    # coordination.k8s.io/v1
    Resource("coordination.k8s.io", "v1", "Lease", "leases", "lease", module="coordination.lease"),
    # node.k8s.io/v1
    Resource("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass", namespaced=False, module="node.runtimeclass"),
    # discovery.k8s.io/v1
    Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice", module="discovery.endpointslice"),
    # resource.k8s.io/v1
    Resource("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", "deviceclass", namespaced=False, module="resource.deviceclass"),
    Resource("resource.k8s.io", "v1", "DeviceTaintRule", "devicetaintrules", "devicetaintrule", namespaced=False, subresources=(_status("DeviceTaintRule"),), module="resource.devicetaintrule"),
    Resource("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", "resourceclaim", subresources=(_status("ResourceClaim"),), module="resource.resourceclaim"),
    Resource("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate", module="resource.resourceclaimtemplate"),
    Resource("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", "resourceslice", namespaced=False, module="resource.resourceslice"),
    # flowcontrol.apiserver.k8s.io/v1
    Resource("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", "flowschema", namespaced=False, subresources=(_status("FlowSchema"),), module="flowcontrol.flowschema"),
    Resource("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", "prioritylevelconfiguration", namespaced=False, subresources=(_status("PriorityLevelConfiguration"),), module="flowcontrol.prioritylevelconfiguration"),
    # storagemigration.k8s.io/v1
    Resource("storagemigration.k8s.io", "v1", "StorageVersionMigration", "storageversionmigrations", "storageversionmigration", namespaced=False, subresources=(_status("StorageVersionMigration"),), module="storagemigration.storageversionmigration"),
)
# fmt: on
