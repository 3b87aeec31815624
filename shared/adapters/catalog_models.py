"""What the actions read of the Customer Insights API's JSON, and its translation to the catalog's words.

Names are those of the vendor's client library 1.0.8. Every field may be missing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.adapters.insights_models import WireOutput, WireState, utc
from shared.domain.catalog import (
    Attribute,
    DataSource,
    Entity,
    EntitySize,
    EnvironmentInfo,
    MeasureInfo,
    Partition,
    SegmentInfo,
)


class _Vendor(msgspec.Struct, rename="camel"):
    """The vendor writes camelCase."""


class WireInstance(_Vendor):
    """InstanceInfo."""

    instance_id: str
    name: str | None = None
    instance_type: str | None = None
    azure_region: str | None = None

    def to_environment(self) -> EnvironmentInfo:
        """The environment."""
        return EnvironmentInfo(
            self.instance_id.lower(), self.name or self.instance_id, self.instance_type or "", self.azure_region or ""
        )


class WireRole(_Vendor):
    """RoleAssignment."""

    roles: list[str] | None = None


class WireSourceMetadata(_Vendor):
    """DataSourceMetadata."""

    data_source_id: str
    name: str | None = None
    friendly_name: str | None = None
    kind: str | None = None
    is_active: bool | None = None
    refresh_state: str | None = None
    last_refresh: datetime | None = None
    entity_names: list[str] | None = None


class WireSource(_Vendor):
    """DataSourceInfo. Its entities are asked for by their qualified names, which begin with its id."""

    data_source_metadata: WireSourceMetadata

    def to_source(self) -> DataSource:
        """The data source."""
        found = self.data_source_metadata
        return DataSource(
            found.data_source_id,
            found.friendly_name or found.name or found.data_source_id,
            found.kind or "",
            found.is_active,
            found.refresh_state or "",
            utc(found.last_refresh),
            tuple(f"{found.data_source_id}_{name}" for name in found.entity_names or ()),
        )


class WirePublished(_Vendor):
    """SegmentationPublishStats."""

    job_status: str | None = None
    evaluation_date: datetime | None = None
    entity_count: int | None = None


class WireSegmentInfo(_Vendor):
    """SegmentMetadata."""

    name: str
    friendly_name: str | None = None
    description: str | None = None
    state: str | None = None
    evaluation_status: WirePublished | None = None
    evaluation_status_history: list[WirePublished] | None = None

    def to_segment(self) -> SegmentInfo:
        """The segment; a failed evaluation counts nobody, so the members are of the last that succeeded."""
        latest = self.evaluation_status or WirePublished()
        counted = [one for one in (latest, *(self.evaluation_status_history or ())) if _succeeded(one)]
        newest = max(counted, key=lambda one: utc(one.evaluation_date) or _NEVER, default=None)
        return SegmentInfo(
            self.name,
            self.friendly_name or self.name,
            self.description or "",
            self.state or "",
            latest.job_status or "",
            utc(latest.evaluation_date),
            newest.entity_count if newest else None,
        )


class WireNamed(_Vendor):
    """MeasureAggregate and MeasureDimension."""

    alias: str | None = None
    name: str | None = None


class WireDefinition(_Vendor):
    """MeasureDefinition."""

    is_scalar: bool | None = None
    is_manual_query_scalar: bool | None = None
    aggregates: list[WireNamed] | None = None
    dimensions: list[WireNamed] | None = None


class WireMeasureInfo(_Vendor):
    """MeasureMetadata."""

    name: str
    display_name: str | None = None
    description: str | None = None
    definition: WireDefinition | None = None
    latest_evaluation: WireState | None = None
    output: WireOutput | None = None
    error_description: Any = None

    def to_measure(self) -> MeasureInfo:
        """The measure, with its present values if the API gave them."""
        definition, evaluation = self.definition or WireDefinition(), self.latest_evaluation or WireState()
        values = self.output.to_output().values if self.output else {}
        scalar = definition.is_scalar if definition.is_scalar is not None else definition.is_manual_query_scalar
        return MeasureInfo(
            self.name,
            self.display_name or self.name,
            self.description or "",
            scalar,
            tuple(dict.fromkeys((*_names(definition.aggregates), *values))),
            _names(definition.dimensions),
            evaluation.state or "",
            utc(evaluation.end_time) or (utc(self.output.evaluation_time) if self.output else None),
            values,
            _text(self.error_description),
        )


class WireAttribute(_Vendor):
    """IAttributeMetadata."""

    name: str
    friendly_name: str | None = None
    data_type: str | None = None


class WirePartition(_Vendor):
    """PartitionMetadata."""

    name: str
    location: str | None = None
    refresh_time: datetime | None = None
    has_header: bool | None = None


class WireEntity(_Vendor):
    """IEntityMetadata."""

    name: str | None = None
    qualified_entity_name: str | None = None
    entity_type: str | None = None
    data_source_name: str | None = None
    refresh_time: datetime | None = None
    attributes: list[WireAttribute] | None = None
    keys: list[list[WireAttribute]] | None = None
    partitions: list[WirePartition] | None = None

    def to_entity(self) -> Entity:
        """The entity."""
        attributes = (Attribute(a.name, a.friendly_name or a.name, a.data_type or "") for a in self.attributes or ())
        partitions = (
            Partition(p.name, p.location or "", utc(p.refresh_time), p.has_header) for p in self.partitions or ()
        )
        return Entity(
            self.qualified_entity_name or self.name or "",
            self.name or self.qualified_entity_name or "",
            self.entity_type or "",
            self.data_source_name or "",
            utc(self.refresh_time),
            tuple(attributes),
            tuple(attribute.name for key in self.keys or () for attribute in key),
            tuple(partitions),
        )


class WireEntityModel(_Vendor):
    """IC360EntityModel."""

    entities: msgspec.Raw = msgspec.Raw(b"[]")


class WireSize(_Vendor):
    """EntitySize."""

    size: int | None = None
    row_count: int | None = None

    def to_size(self) -> EntitySize:
        """The size."""
        return EntitySize(self.size, self.row_count)


class WireCreated(_Vendor):
    """CreatedResult and AcceptedResult."""

    value: msgspec.Raw = msgspec.Raw()


class WireItems(msgspec.Struct):
    """ODataEntityPayload, its rows as they came: no number is rounded."""

    value: list[msgspec.Raw]
    count: Any = msgspec.field(name="@odata.count", default=None)


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
items_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(WireItems)


def _succeeded(evaluation: WirePublished) -> bool:
    return (evaluation.job_status or "").lower() == "completedsuccess"


def _text(value: object) -> str:
    """A text, or the vendor's StringInfo, which holds one."""
    found = value.get("value") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _names(named: Iterable[WireNamed] | None) -> tuple[str, ...]:
    return tuple(name for one in named or () if (name := one.alias or one.name))
