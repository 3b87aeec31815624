"""The only places that know a vendor: Azure storage, the Customer Insights API, HTTP; and the fakes in memory."""
