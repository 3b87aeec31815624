"""Which rules does a connector keep? All of them, by what they are about."""

from local.connector.findings import Rule
from local.connector.rules import answers, beside, dynamic, info, operations, properties, sound, texts, triggers

GROUPS: dict[str, tuple[Rule, ...]] = {
    "about the connector": info.RULES,
    "names and sentences": texts.RULES,
    "operations": operations.RULES,
    "paths and schemas": sound.RULES,
    "answers": answers.RULES,
    "triggers": triggers.RULES,
    "dynamic fields": dynamic.RULES,
    "connection and policies": properties.RULES,
    "icon, readme, settings": beside.RULES,
}
