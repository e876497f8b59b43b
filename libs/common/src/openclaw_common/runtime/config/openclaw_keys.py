"""Keys of an OpenClaw 2026.9 file that mean nothing to this gateway and are accepted silently.

One set a section, so that a file written for OpenClaw loads without noise while a misspelt key is
still told. A key that this gateway honours is a field of the section's model and stands not here.
"""

from __future__ import annotations

from typing import Final


def _keys(names: str) -> frozenset[str]:
    return frozenset(names.split())


ROOT: Final = _keys(
    "$schema meta env wizard auth logging telemetry cli crestodian update browser ui acp nodeHost"
    " broadcast audio media commands approvals web discovery canvas canvasHost talk tts memory"
    " plugins skills proxy worktreeRoot worktreeAcceleration worktreeMaxCount"
    " repositoryBranchPrefix cloudWorkers transcripts accessGroups desktop surfaces"
)

GATEWAY: Final = _keys(
    "mode publicOrigin controlUi cliAgents terminal remote nodes push roles tailscale tls reload"
    " webchat channelHealthCheckMinutes channelStaleEventThresholdMinutes"
    " channelMaxRestartsPerHour workspacePreviewMaxBytes handshakeTimeoutMs"
)
GATEWAY_AUTH: Final = frozenset({"allowTailscale", "identityScopes"})
TRUSTED_PROXY: Final = frozenset({"deviceAutoApprove"})
PDF: Final = frozenset({"maxPixels", "minTextChars"})

MODELS: Final = frozenset({"mode", "bedrockDiscovery", "catalogRefresh", "pricing", "proxy"})
PROVIDER: Final = _keys(
    "auth authHeader injectNumCtxForOpenAICompat request maxTokens contextWindow contextTokens"
    " timeoutSeconds localService params agentRuntime region"
)
MODEL: Final = _keys(
    "api baseUrl headers params contextTokens maxInputTokens thinkingLevelMap metadata"
    " mediaInput agentRuntime"
)
MODEL_ENTRY: Final = frozenset({"params", "streaming", "agentRuntime", "codeMode"})

AGENTS: Final = frozenset({"ownership"})
_AGENT_SETTINGS: Final = _keys(
    "cwd repoRoot skills skillsLimits skipBootstrap skipOptionalBootstrapFiles"
    " contextInjection bootstrapPromptTruncationWarning"
    " startupContext contextLimits contextPruning imageMaxDimensionPx"
    " imageQuality imageModel imageGenerationModel videoGenerationModel musicGenerationModel"
    " mediaModels pdfModel utilityModel modelSelectionScope params pdfMaxMb pdfMaxBytesMb"
    " pdfMaxPages thinkingDefault fastModeDefault verboseDefault toolProgressDetail"
    " reasoningDefault elevatedDefault mediaMaxMb maxConcurrent userTimezone timeFormat"
    " envelopeTimezone envelopeTimestamp envelopeElapsed cliBackends agentRuntime embeddedHarness"
    " embeddedPi blockStreamingDefault blockStreamingBreak blockStreamingChunk"
    " blockStreamingCoalesce humanDelay typingIntervalSeconds typingMode subagents"
    " sandbox silentReply silentReplyRewrite additionalSystemPrompt systemPromptOverride"
    " promptOverlays authInheritance sessionStore runRetries experimental tts groupChat"
)
COMPACTION: Final = _keys(
    "provider reserveTokensFloor maxHistoryShare maxActiveTranscriptBytes identifierPolicy"
    " identifierInstructions customInstructions recentTurnsPreserve qualityGuard"
    " midTurnPrecheck postIndexSync postCompactionSections timeoutSeconds thinkingLevel"
    " notifyUser memoryFlush truncateAfterCompaction keepLastTurns"
)
IDENTITY: Final = frozenset({"avatar", "avatarUrl"})
AGENT_DEFAULTS: Final = _AGENT_SETTINGS
AGENT: Final = _AGENT_SETTINGS | _keys("agentDir runtime description statusUpdates")

SESSION: Final = _keys(
    "store mainKey sendPolicy threadBindings sharing notifyOnCreate idleMinutes"
    " typingIntervalSeconds typingMode parentForkMaxTokens agentToAgent writeLock"
)
SESSION_MAINTENANCE: Final = _keys(
    "archiveDashboardAfter preserveRecent resetArchiveRetention maxDiskBytes highWaterBytes"
    " coldStorage pruneDays rotateBytes"
)
MESSAGES: Final = _keys(
    "responsePrefix messagePrefix removeAckAfterReply statusReactions suppressToolErrors tts"
    " visibleReplies usageTemplate responseUsage"
)
QUEUE: Final = frozenset({"debounceMs"})
GROUP_CHAT: Final = frozenset({"visibleReplies", "unmentionedInbound"})

HOOKS: Final = frozenset({"sessionRetention", "internal"})

BINDING: Final = frozenset({"acp", "comment"})
TOOLS: Final = _keys(
    "exec media links loopDetection fs sessions sessions_spawn agentToAgent"
    " experimental elevated subagents sandbox message codeMode github toolsBySender toolSearch"
    " swarm"
)
WEB: Final = frozenset({"search"})
WEB_FETCH: Final = _keys(
    "cacheTtlMinutes firecrawl maxCharsCap provider readability ssrfPolicy userAgent"
    " useEnvProxy useTrustedEnvProxy"
)
MCP: Final = frozenset({"sessionIdleTtlMs"})
MCP_SERVER: Final = _keys("transport workingDirectory auth oauth timeout disabled toolFilter")
CRON: Final = _keys(
    "store maxConcurrentRuns retry webhook runLog failureAlert failureDestination"
    " skipMissedJobs triggers"
)
CRON_JOB: Final = _keys("description owner createdAtMs updatedAtMs state trigger failureAlert")
CRON_SCHEDULE: Final = frozenset({"staggerMs"})
CRON_PAYLOAD: Final = _keys("fallbacks lightContext toolsAllow allowUnsafeExternalContent")
CRON_DELIVERY: Final = _keys("bestEffort failureDestination completionDestination")
HEARTBEAT: Final = _keys(
    "directPolicy includeReasoning includeSystemPromptSection skipWhenBusy"
    " suppressToolErrorWarnings"
)
DIAGNOSTICS: Final = _keys(
    "stuckSessionWarnMs stuckSessionAbortMs cacheTrace memoryPressureSnapshot"
)
SECRETS: Final = frozenset({"egressProxy", "resolution"})
SECRET_PROVIDER: Final = _keys(
    "timeoutMs maxBytes maxOutputBytes noOutputTimeoutMs command args jsonOnly env passEnv"
    " trustedDirs allowlist allowSymlinkCommand allowInsecurePath pluginIntegration"
)
