"""What the UI serves of a history, asked over its GraphQL in this process: a server of its own would cost seconds."""

import asyncio
import json
import warnings
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.schema import create_schema

from assets.instance import runs

_FRAGMENTS = """
fragment E on PythonError { message className stack cause { message stack } causes { message stack }
                            errorChain { error { message stack } } }
fragment M on MetadataEntry { __typename label description
  ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr } ... on PathMetadataEntry { path }
  ... on UrlMetadataEntry { url } ... on JsonMetadataEntry { jsonString } ... on IntMetadataEntry { intRepr }
  ... on FloatMetadataEntry { floatValue } ... on BoolMetadataEntry { boolValue }
  ... on TableMetadataEntry { table { records schema { columns { name description } } } }
  ... on TableSchemaMetadataEntry { tableSchema: schema { columns { name description } } } }
"""
# The list of runs and each run's page: tags, config, every line of its log with what hangs on it.
_RUNS = """{ runsOrError { ... on Runs { results {
    runId jobName status runConfigYaml tags { key value } rootRunId parentRunId
    executionPlan { steps { key metadata { key value } } }
    pipeline { name ... on PipelineSnapshot { metadataEntries { ...M } tags { key value } } }
    eventConnection { hasMore events { __typename
      ... on MessageEvent { message level stepKey eventType }
      ... on DisplayableEvent { label description metadataEntries { ...M } }
      ... on ErrorEvent { error { ...E } }
      ... on ExecutionStepFailureEvent { failureMetadata { label description metadataEntries { ...M } } }
      ... on AssetCheckEvaluationEvent { evaluation { checkName description success metadataEntries { ...M } } }
    } } } } } }"""
# The pages of assets, jobs, launchpad, resources, automation and deployment.
_LOCATION = """{
  assetNodes { assetKey { path } description metadataEntries { ...M } tags { key value } opTags { key value }
    configField { defaultValueAsJson configType { recursiveConfigTypes { key description } } }
    requiredResources { resourceKey } assetMaterializations(limit: 50) { metadataEntries { ...M } }
    assetChecksOrError { ... on AssetChecks { checks { name description
      executionForLatestMaterialization { evaluation { description metadataEntries { ...M } } } } } } }
  workspaceOrError { ... on Workspace { locationEntries { displayMetadata { key value }
    locationOrLoadError { ... on PythonError { ...E } ... on RepositoryLocation { environmentPath repositories {
      displayMetadata { key value }
      jobs { name description tags { key value } runTags { key value } metadataEntries { ...M }
        modes { resources { name description configField { defaultValueAsJson } }
                loggers { name configField { defaultValueAsJson } } } }
      allTopLevelResourceDetails { name description resourceType configFields { name defaultValueAsJson }
                                   configuredValues { key value } }
      sensors { name description metadataEntries { ...M } sensorState { ticks { skipReason cursor error { ...E } } } }
      schedules { name description scheduleState { ticks { skipReason error { ...E } } } }
    } } } } } }
  instance { info runLauncher { name } daemonHealth { allDaemonStatuses { lastHeartbeatErrors { ...E } } } }
}"""
_ENVIRONMENT = """query ($r: RepositorySelector!) { utilizedEnvVarsOrError(repositorySelector: $r) {
  ... on EnvVarWithConsumersList { results { envVarName envVarConsumers { name } } } } }"""
_LAUNCHPAD = """query ($p: PipelineSelector!) { runConfigSchemaOrError(selector: $p) {
  ... on RunConfigSchema { rootDefaultYaml allConfigTypes { key description
    ... on CompositeConfigType { fields { name description defaultValueAsJson } } } } } }"""


def ui_answers(instance: dg.DagsterInstance) -> dict[str, Any]:
    """All that the UI's pages can show of the code location and of every run, as JSON by page.

    The code location reads its settings from this process's environment, as the UI's own process does.
    """
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name=runs.MODULE, attribute=runs.ATTRIBUTE), location_name=runs.LOCATION
    )
    schema = create_schema()
    repository = {"repositoryName": "__repository__", "repositoryLocationName": runs.LOCATION}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Dagster's own, about its schedules
        process = WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget([origin]))
    with process:

        def ask(query: str, **variables: Any) -> Any:
            context = process.create_request_context()
            answer = asyncio.run(schema.execute_async(query, context_value=context, variable_values=variables))
            assert not answer.errors, answer.errors
            return answer.data

        found = {
            "runs": ask(_RUNS + _FRAGMENTS),
            "location": ask(_LOCATION + _FRAGMENTS),
            "environment": ask(_ENVIRONMENT, r=repository),
        }
        for job in ("sync_all", "plan", "__ASSET_JOB"):
            found[job] = ask(_LAUNCHPAD, p={**repository, "pipelineName": job})
    answers: dict[str, Any] = json.loads(json.dumps(found))
    return answers
