"""What Azure gives for free, for one machine: a functions host, a Customer Insights simulator, a flow inbox."""
