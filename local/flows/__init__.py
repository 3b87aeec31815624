"""The sample flows and the connector as solutions of Power Platform: packed, and held to their structure."""
