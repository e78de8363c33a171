"""The names of everything that is emitted; public, because people query by them.

Only names are here. `_wire` and `_content` map fields of the wire to them; docs/attributes.md describes them.
"""

from typing import Final

# The GenAI semantic conventions. The constants of `opentelemetry-semantic-conventions` are deprecated and lack the
# newer half of these, so each name is spelled once, here.
# https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md
GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"
GEN_AI_OUTPUT_TYPE: Final = "gen_ai.output.type"
GEN_AI_TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - counted, not secret

GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
GEN_AI_REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
GEN_AI_REQUEST_TOP_P: Final = "gen_ai.request.top_p"
GEN_AI_REQUEST_TOP_K: Final = "gen_ai.request.top_k"
GEN_AI_REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
GEN_AI_REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
GEN_AI_REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
GEN_AI_REQUEST_SEED: Final = "gen_ai.request.seed"
GEN_AI_REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
GEN_AI_REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
GEN_AI_REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
GEN_AI_EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"

GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

GEN_AI_USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
GEN_AI_USAGE_TEXT_INPUT_TOKENS: Final = "gen_ai.usage.text.input_tokens"
GEN_AI_USAGE_IMAGE_INPUT_TOKENS: Final = "gen_ai.usage.image.input_tokens"
GEN_AI_USAGE_AUDIO_INPUT_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: Final = "gen_ai.usage.text.output_tokens"
GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.image.output_tokens"
GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: Final = "gen_ai.usage.audio.output_tokens"

# Content, only if it is captured: JSON strings on the span, structured values on the event.
GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
GEN_AI_INPUT_MESSAGES: Final = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
GEN_AI_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"

ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"

# Not in the conventions: the one name for cost that most backends read.
GEN_AI_USAGE_COST: Final = "gen_ai.usage.cost"

# OpenRouter's own.
OPENROUTER_PROVIDER_NAME: Final = "openrouter.provider.name"

OPENROUTER_USAGE_COST: Final = "openrouter.usage.cost"
OPENROUTER_USAGE_UPSTREAM_INFERENCE_COST: Final = "openrouter.usage.upstream_inference_cost"
OPENROUTER_USAGE_INPUT_COST: Final = "openrouter.usage.input_cost"
OPENROUTER_USAGE_OUTPUT_COST: Final = "openrouter.usage.output_cost"
OPENROUTER_USAGE_SERVER_TOOL_COST: Final = "openrouter.usage.server_tool_cost"
OPENROUTER_USAGE_IS_BYOK: Final = "openrouter.usage.is_byok"
OPENROUTER_USAGE_SERVER_TOOL_USE: Final = "openrouter.usage.server_tool_use"  # a prefix: .<name>
# The conventions have names for text, image and audio tokens only.
OPENROUTER_USAGE_VIDEO_INPUT_TOKENS: Final = "openrouter.usage.video.input_tokens"
OPENROUTER_USAGE_VIDEO_OUTPUT_TOKENS: Final = "openrouter.usage.video.output_tokens"
OPENROUTER_USAGE_SEARCH_UNITS: Final = "openrouter.usage.search_units"
OPENROUTER_USAGE_SECONDS: Final = "openrouter.usage.seconds"

OPENROUTER_RESPONSE_NATIVE_FINISH_REASONS: Final = "openrouter.response.native_finish_reasons"
OPENROUTER_RESPONSE_SERVICE_TIER: Final = "openrouter.response.service_tier"
OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN: Final = "openrouter.response.time_to_first_token"  # noqa: S105 - as above
OPENROUTER_STREAM_CANCELLED: Final = "openrouter.stream.cancelled"
OPENROUTER_SETTLED: Final = "openrouter.settled"

# https://openrouter.ai/docs/api/api-reference/video-generation/get-videos, and batch/get-a-batch there: the id is that
# of the job, not of a generation; the requests are those of a batch.
OPENROUTER_JOB_ID: Final = "openrouter.job.id"
OPENROUTER_JOB_STATUS: Final = "openrouter.job.status"
OPENROUTER_JOB_REQUESTS_TOTAL: Final = "openrouter.job.requests.total"
OPENROUTER_JOB_REQUESTS_COMPLETED: Final = "openrouter.job.requests.completed"
OPENROUTER_JOB_REQUESTS_FAILED: Final = "openrouter.job.requests.failed"

OPENROUTER_CACHE_STATUS: Final = "openrouter.cache.status"
OPENROUTER_CACHE_AGE: Final = "openrouter.cache.age"
OPENROUTER_CACHE_TTL: Final = "openrouter.cache.ttl"
OPENROUTER_CACHE_SOURCE_ID: Final = "openrouter.cache.source_id"

OPENROUTER_ROUTING_STRATEGY: Final = "openrouter.routing.strategy"
OPENROUTER_ROUTING_REGION: Final = "openrouter.routing.region"
OPENROUTER_ROUTING_REQUESTED_MODEL: Final = "openrouter.routing.requested_model"
OPENROUTER_ROUTING_ATTEMPT_NUMBER: Final = "openrouter.routing.attempt.number"
OPENROUTER_ROUTING_ATTEMPT_PROVIDERS: Final = "openrouter.routing.attempt.providers"
OPENROUTER_ROUTING_ATTEMPT_MODELS: Final = "openrouter.routing.attempt.models"
OPENROUTER_ROUTING_ATTEMPT_STATUSES: Final = "openrouter.routing.attempt.statuses"

OPENROUTER_REQUEST_RETRY_COUNT: Final = "openrouter.request.retry_count"
OPENROUTER_REQUEST_MODELS: Final = "openrouter.request.models"
OPENROUTER_REQUEST_PLUGINS: Final = "openrouter.request.plugins"
OPENROUTER_REQUEST_TRANSFORMS: Final = "openrouter.request.transforms"
OPENROUTER_REQUEST_PRESET: Final = "openrouter.request.preset"
OPENROUTER_REQUEST_ROUTE: Final = "openrouter.request.route"
OPENROUTER_REQUEST_SERVICE_TIER: Final = "openrouter.request.service_tier"
OPENROUTER_REQUEST_METADATA: Final = "openrouter.request.metadata"  # a prefix: .<key>
OPENROUTER_REQUEST_PROVIDER_ORDER: Final = "openrouter.request.provider.order"
OPENROUTER_REQUEST_PROVIDER_ONLY: Final = "openrouter.request.provider.only"
OPENROUTER_REQUEST_PROVIDER_IGNORE: Final = "openrouter.request.provider.ignore"
OPENROUTER_REQUEST_PROVIDER_QUANTIZATIONS: Final = "openrouter.request.provider.quantizations"
OPENROUTER_REQUEST_PROVIDER_SORT: Final = "openrouter.request.provider.sort"
OPENROUTER_REQUEST_PROVIDER_DATA_COLLECTION: Final = "openrouter.request.provider.data_collection"
OPENROUTER_REQUEST_PROVIDER_ALLOW_FALLBACKS: Final = "openrouter.request.provider.allow_fallbacks"
OPENROUTER_REQUEST_PROVIDER_REQUIRE_PARAMETERS: Final = "openrouter.request.provider.require_parameters"
OPENROUTER_REQUEST_PROVIDER_ZDR: Final = "openrouter.request.provider.zdr"

OPENROUTER_OMITTED: Final = "openrouter.omitted"  # a prefix: .input_messages, .output_messages, .tools, .embeddings

OPENROUTER_KEY_LABEL: Final = "openrouter.key.label"
OPENROUTER_KEY_BUDGET_SCOPE: Final = "openrouter.key.budget_scope"
OPENROUTER_APP_URL: Final = "openrouter.app.url"
OPENROUTER_APP_TITLE: Final = "openrouter.app.title"
OPENROUTER_ERROR_CODE: Final = "openrouter.error.code"
OPENROUTER_ERROR_PROVIDER_CODE: Final = "openrouter.error.provider_code"

# Metrics, by the names that the official instrumentor (1.3b0) emits. The registry has since renamed them to
# `gen_ai.client.inference.*`; when instrumentations follow, these names change.
METRIC_DURATION: Final = "gen_ai.client.operation.duration"
METRIC_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 - as above
METRIC_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
METRIC_TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
METRIC_COST: Final = "gen_ai.usage.cost"
METRIC_KEY_LIMIT: Final = "openrouter.key.limit"
METRIC_KEY_LIMIT_REMAINING: Final = "openrouter.key.limit_remaining"
METRIC_KEY_USAGE_DAILY: Final = "openrouter.key.usage_daily"
METRIC_KEY_BUDGET_LIMIT: Final = "openrouter.key.budget_limit"
METRIC_KEY_BUDGET_REMAINING: Final = "openrouter.key.budget_remaining"
METRIC_KEY_FREE_LIMIT: Final = "openrouter.key.free_requests_limit"
METRIC_KEY_FREE_REMAINING: Final = "openrouter.key.free_requests_remaining"

EVENT_DETAILS: Final = "gen_ai.client.inference.operation.details"
