// Wire types of the streams, as far as this UI reads them.

export type ControlValue = 'None' | { Bool: boolean } | { Int: number } | { Uint: number } | { Float: number } | { kind: string; value?: boolean | number };
export interface ControlMeta {
  id: number; name: string; kind: string; access: 'ReadOnly' | 'ReadWrite';
  min: ControlValue; max: ControlValue; default: ControlValue; step?: ControlValue | null;
  /** An addition that not every server makes. */
  value?: ControlValue | null;
  menu?: MenuItem[] | null;
}
export type MenuItem = string | { index?: number; id?: number; name?: string; value?: number };

export interface Interval { numerator: number; denominator: number }
export interface MediaFormat { code: string; resolution: { width: number; height: number }; color: string }
export interface ModeId { format: MediaFormat; interval?: Interval | null }
export interface Mode { id: ModeId; format: MediaFormat; intervals: Interval[]; interval_stepwise?: { min: Interval; max: Interval; step: Interval } | null }
export interface Descriptor { modes: Mode[]; controls: ControlMeta[] }
export type Handle = 'Virtual' | { V4l2: { path: string } } | { Libcamera: { id: string } }
  | { Netcam: { url: string; width: number; height: number; fps: number } }
  | { File: { paths: string[]; fps: number; loop_forever: boolean } };
export interface Codec { state: 'enabled' | 'disabled'; id?: string | null; settings?: { kind: string; quality?: number; bitrate?: number } & Record<string, any> | null }
export interface PipelineEntry { pipeline_id: string; pipeline_graph?: unknown; pipeline_output?: string | null }
export interface Manifest {
  schema_version: number;
  identity: { id?: string; alias?: string; hardware_id?: string };
  capture: {
    backend: string; handle: Handle; mode: ModeId; target_fps?: number | null; interval?: Interval | null;
    controls?: { id: number; value: ControlValue }[]; device_keys?: string[];
    device_identity?: { display?: string; keys: string[]; primary_key?: string } | null; enable_tdn_output?: boolean;
  } & Record<string, any>;
  pipeline_enabled?: boolean; pipelines?: PipelineEntry[];
  active_pipeline_id?: string | null; active_pipeline_output?: string | null;
  encoder: Codec; decoder: Codec; preview_jpeg_quality?: number; start_on_boot?: boolean;
  [key: string]: any;
}
export interface StreamInfo {
  id: string; descriptor: Descriptor; manifest: Manifest; preview_format: string;
  status?: { state: string; started_at_ms?: number; disabled_since_ms?: number; disabled_reason?: string } | null;
  runtime?: {
    capture?: { state: string; started_at_ms?: number; capture_fourcc?: string; disabled_reason?: string };
    codecs?: Record<string, string | undefined>;
    pipeline?: { disabled: boolean; disabled_reason?: string; active_pipeline_id?: string };
  } | null;
}
export interface ProbedDevice {
  identity: { display: string; keys: string[] };
  backends: { kind: string; handle: Handle; descriptor: Descriptor; properties: [string, string][] }[];
}
export interface Issue { path: string; code: string; message: string; remediation?: string }

export interface ProcessorParam { name: string; doc?: string; type?: string; min?: number; max?: number; default: number | string | boolean }
export interface Processor { name: string; doc?: string; params: ProcessorParam[]; data?: boolean }
export interface Step { kind: string; name?: string; params: Record<string, string | number | boolean> }
export interface Output { name: string; ty?: string; previewable: boolean; localization_kind?: string }
export interface Sample { port: string; value?: any; error?: string; timestamp_ms: number }

export interface StageMetrics { average_time_ms: number; fps: number; last_time_ms: number; sample_count: number; work_average_time_ms: number; work_last_time_ms: number }
export interface CodecMetrics extends StageMetrics { processed: number; errors: number; backpressure: number }
export interface Metrics {
  capture: StageMetrics; host: StageMetrics; graph_stage: StageMetrics;
  encoder: CodecMetrics | null; decoder: CodecMetrics | null;
  preview_transport: { replaced_pending_frames: number; end_to_end_average_time_ms: number; publish_average_time_ms: number } | null;
  encoder_demand: Record<string, any> | null;
  frame_demand: { raw_receiver_count: number; host_receiver_count: number } & Record<string, any> | null;
  memory: {
    process: { rss_bytes: number } | null; runner: Record<string, number> | null;
    capture_queue: { depth: number; capacity: number } | null;
  } | null;
  pipeline: {
    nodes: Record<string, { metrics: { average_time_ms: number; average_fps: number; sample_count: number }; node_label?: string | null; node_index?: number | null; last_error?: string | null }>;
    executor: { average_time_ms: number; last_time_ms: number } | null;
  } | null;
}
export interface MetricsEvent { stream_id: string; metrics?: Metrics; error?: string; detail?: string; timestamp_ms: number }
