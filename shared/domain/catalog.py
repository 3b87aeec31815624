"""What is at a Customer Insights environment, as its users are told of it by the actions.

Names follow the API v1 models (InstanceInfo, DataSourceMetadata, SegmentMetadata, MeasureMetadata, IEntityMetadata).
Nothing is invented: what the API left out is empty or None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EnvironmentInfo:
    """An environment that the caller can see."""

    id: str
    name: str
    type: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where customer data comes from. `refresh_state` is the vendor's: updated, updating, updateFailed ..."""

    id: str
    name: str
    kind: str = ""
    is_active: bool | None = None
    refresh_state: str = ""
    last_refresh_at: datetime | None = None
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A group of customers; `members` is of its last evaluation that succeeded."""

    name: str
    display_name: str
    description: str = ""
    state: str = ""
    evaluation_status: str = ""
    evaluated_at: datetime | None = None
    members: int | None = None


@dataclass(frozen=True, slots=True)
class MeasureInfo:
    """A measure. `values` has a text for each alias, as the API gives it; only one that is asked for singly has any."""

    name: str
    display_name: str
    description: str = ""
    is_scalar: bool | None = None
    aliases: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    state: str = ""
    evaluated_at: datetime | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of an entity."""

    name: str
    display_name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Partition:
    """A file that holds a part of an entity's data. Its location may be signed, so it is never shown."""

    name: str
    location: str = field(repr=False)
    refreshed_at: datetime | None = None
    has_header: bool | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A table. `name` is its qualified name, by which it is asked for."""

    name: str
    display_name: str
    type: str = ""
    data_source_name: str = ""
    refreshed_at: datetime | None = None
    attributes: tuple[Attribute, ...] = ()
    keys: tuple[str, ...] = ()
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, slots=True)
class EntitySize:
    """How large an entity is."""

    size_bytes: int | None = None
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """Whether an item is there already, rather than accepted for later; and the item as JSON, if the API shows it."""

    done: bool
    item: bytes | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """Rows of an entity, each as the JSON that the API wrote, and how many there are in all if the API says so."""

    rows: tuple[bytes, ...]
    count: int | None = None
