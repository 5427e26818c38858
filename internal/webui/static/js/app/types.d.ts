// Wire types of the DevFlow Agent Protocol as far as this UI reads them. A key
// marked `?` may be missing or null.

export interface AgentStatus {
  agent: { name: string; version: string; framework: string; frameworkVersion: string };
  platform: string;
  device: { model: string; manufacturer: string; osVersion: string; idiom: string };
  app: { name: string; version: string; packageId: string; processId?: number };
  running: boolean;
  capabilities?: Record<string, boolean>;
  uptime: string;
  /** Only in the compatibility mirror, which is asked for because of it. */
  timestamp?: string;
}

export type Level = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical';
export interface LogEntry { timestamp: string; level: Level; category: string; message: string; exception?: string | null; source: string }

export interface Exchange {
  id: string; timestamp: string; method: string; url: string;
  host?: string; path?: string; statusCode?: number; statusText?: string;
  durationMs: number; error?: string;
  requestContentType?: string; responseContentType?: string;
  requestSize?: number; responseSize?: number;
}
export type Headers = Record<string, string[]>;
export interface ExchangeDetail extends Exchange {
  requestHeaders?: Headers; responseHeaders?: Headers;
  requestBody?: string; responseBody?: string;
  requestBodyEncoding?: string; responseBodyEncoding?: string;
  requestBodyTruncated?: boolean; responseBodyTruncated?: boolean;
}

export interface Session { sessionId: string; startedAtUtc: string; sampleIntervalMs: number; isActive: boolean }
export interface Sample {
  tsUtc: string; fps?: number; frameTimeMsP50?: number; frameTimeMsP95?: number; worstFrameTimeMs?: number;
  managedBytes?: number; gc0?: number; gc1?: number; gc2?: number;
  nativeMemoryBytes?: number; nativeMemoryKind?: string; cpuPercent?: number; threadCount?: number;
  jankFrameCount?: number; uiThreadStallCount?: number; frameSource?: string;
}
export interface Marker { tsUtc: string; type: string; name: string; payloadJson?: string }
export interface Span {
  spanId: string; parentSpanId?: string; traceId?: string; startTsUtc: string; endTsUtc?: string; durationMs: number;
  kind: string; name: string; status?: string; screen?: string; elementPath?: string; tagsJson?: string; error?: string;
}
export interface Batch {
  sessionId: string; samples: Sample[]; markers: Marker[]; spans: Span[];
  sampleCursor: number; markerCursor: number; spanCursor: number; isActive: boolean;
}
export interface Hotspot {
  kind: string; name: string; screen?: string; count: number; errorCount: number;
  avgDurationMs: number; p95DurationMs: number; maxDurationMs: number;
}
export interface ProfilerCapabilities {
  available: boolean; managedMemorySupported: boolean; nativeMemorySupported: boolean; gcSupported: boolean;
  cpuPercentSupported: boolean; fpsSupported: boolean; threadCountSupported: boolean; jankEventsSupported: boolean;
}

export interface UIEvent {
  type: 'navigation' | 'lifecycle' | 'treeChange' | 'alert' | 'error';
  data: {
    timestamp: string;
    from?: string; to?: string; route?: string;
    state?: string;
    changeType?: string; elementId?: string; elementType?: string; parentId?: string;
    title?: string; message?: string; buttons?: string[]; stackTrace?: string;
  };
}

export interface SensorInfo { name: string; available: boolean; active: boolean }
export interface SensorReading { sensor: string; timestamp: string; values: Record<string, unknown> }

export interface BleEvent {
  type: string; timestamp: string; deviceId?: string; deviceName?: string; rssi?: number;
  serviceUuid?: string; characteristicUuid?: string; descriptorUuid?: string; data?: string;
}
export interface BleStatus {
  enabled: boolean; scanning: boolean; supportsScanning: boolean; eventCount: number; subscribers: number; maxEvents: number;
}

/** What happens to a channel, for the one who opened it. */
export interface ChannelHandlers {
  message(message: any): void;
  opened?(): void;
  /** The connection went away and is tried again; code 1013 says that this page read too slowly. */
  lost?(code: number, reason: string): void;
  /** The agent ended the channel on purpose: 1000 done, 1008 refused. It is not opened again by itself. */
  ended?(code: number): void;
  /** The state changed. */
  state?(state: ChannelState): void;
}
export type ChannelState = 'connecting' | 'live' | 'waiting' | 'ended' | 'closed';
