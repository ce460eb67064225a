"""Client of CloudKasse's HTTP API; checks every answer. Knows nothing of the ERP, our tables or Dagster."""
