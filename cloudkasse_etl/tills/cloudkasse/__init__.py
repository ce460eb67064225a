"""The cloud's side: CloudKasse's HTTP API, spoken and checked. Knows nothing of the ERP, our tables or Dagster."""
