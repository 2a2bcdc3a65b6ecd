"""HorizontalPodAutoscaler columns: what is measured, and what is wanted, in one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wherry.api.columns import UNKNOWN

if TYPE_CHECKING:
    from wherry.api.autoscaling.horizontalpodautoscaler import HorizontalPodAutoscaler, MetricTarget

SHOWN = 2
# Where a metric of each type stands in a MetricSpec and a MetricStatus.
FIELDS = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def targets(found: HorizontalPodAutoscaler) -> str:
    """`cpu: 20%/80%, 5/10 (avg)`."""
    if not found.spec.metrics:
        return "<none>"
    cells = []
    for index, metric in enumerate(found.spec.metrics):
        field = FIELDS.get(metric.type)
        source: Any = getattr(metric, field) if field else None
        if source is None or field is None:
            cells.append("<unknown type>")
            continue
        statuses = found.status.currentMetrics
        status: Any = getattr(statuses[index], field) if index < len(statuses) else None
        label = f"{source.name}: " if field in ("resource", "containerResource") else ""
        cells.append(label + _cell(metric.type, source.target, status.current if status else None))
    text = ", ".join(cells[:SHOWN])
    return f"{text} + {len(cells) - SHOWN} more..." if len(cells) > SHOWN else text


def _cell(type: str, target: MetricTarget, current: Any) -> str:
    if target.averageValue:
        value = (current.averageValue if current else "") or UNKNOWN
        suffix = " (avg)" if type in ("External", "Object") else ""
        return f"{value}/{target.averageValue}{suffix}"
    if type in ("Resource", "ContainerResource"):
        used = current.averageUtilization if current else None
        wanted = target.averageUtilization
        return f"{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"
    return f"{(current.value if current else '') or UNKNOWN}/{target.value}"
