"""A stand-in for Dynamics 365 Customer Insights: its API, its credentials and a day that can be played in a minute."""
