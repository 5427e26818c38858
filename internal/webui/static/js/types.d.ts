// Wire types of the HeliOS device API as this UI reads them, and the types its
// modules share. The field lists follow the wire contract; a key marked `?` may
// be missing or null.

export interface Counters {
  rx_bytes: number; tx_bytes: number;
  total_rx_bytes: number; total_tx_bytes: number;
  rx_bytes_per_sec: number; tx_bytes_per_sec: number;
}
export interface NetInterface extends Counters { name: string; mac: string | null }
export interface Network extends Counters { interfaces: NetInterface[] }
export interface Space { total_bytes: number; used_bytes: number; free_bytes: number }
export interface Disk extends Space { mount: string }
export interface Throttle {
  raw: number;
  undervoltage: boolean; frequency_capped: boolean; throttled: boolean; soft_temp_limit: boolean;
  undervoltage_since_boot: boolean; frequency_capped_since_boot: boolean;
  throttled_since_boot: boolean; soft_temp_limit_since_boot: boolean;
}
export interface Core { id: number; usage_percent: number; frequency_mhz: number | null; label: string | null }
export interface TelemetrySample {
  timestamp_ms: number;
  cpu: { usage_percent: number; temperature_c?: number; throttle?: Throttle; cores: Core[] };
  memory: Space;
  gpu?: { usage_percent?: number; temperature_c?: number; frequency_mhz?: number; memory?: Space };
  disk?: Space;
  disks: Disk[];
  power?: { watts?: number; volts?: number; amps?: number };
  network?: Network;
  engine?: { connected: boolean; last_disconnect_ms?: number };
}

export interface ProcessSample {
  pid: number; name: string; cpu_percent: number;
  memory_bytes: number; virtual_memory_bytes: number;
  status?: string; cmd?: string[];
}
export interface ProcessesSnapshot {
  timestamp_ms: number; total_memory_bytes: number; used_memory_bytes: number; processes: ProcessSample[];
}
export type ProcessesEvent =
  | { type: 'ready'; interval_ms: number }
  | { type: 'snapshot'; snapshot: ProcessesSnapshot }
  | { type: 'error'; message: string };

export interface UnitStatus {
  active_state: string; sub_state: string; unit_file_state: string; description: string;
  fragment_path: string | null; main_pid: number | null; exec_main_status: number | null;
}
export interface LogSource {
  id: string; label: string; group: string; kind: string;
  unit?: string; path?: string; important: boolean; status?: UnitStatus;
}
export type LogsEvent =
  | { type: 'ready'; source: LogSource }
  | { type: 'line'; timestamp_ms: number; line: string }
  | { type: 'eof' }
  | { type: 'error'; message: string };

export type ConsoleEvent =
  | { type: 'ready'; session_id: string; shell: string; cols: number; rows: number }
  | { type: 'output'; data: string }
  | { type: 'exit'; code: number | null }
  | { type: 'error'; message: string };
export interface ConsoleSession {
  session_id: string; shell: string; created_at: string; last_activity: string;
  exit_code?: number; client_count: number; cols: number; rows: number; closed: boolean;
}

export type DevicesEvent =
  | { type: 'ready'; interval_ms: number }
  | { type: 'update'; timestamp_ms: number; reasons: string[] }
  | { type: 'error'; message: string };
export interface UsbPeripheral {
  id: string; kind: string; description?: string; present: boolean;
  warnings: { code: string; message: string }[];
}
export interface I2cBus { bus: number | string; adapter: string; label: string; path: string; error_count?: number; last_error?: string }
export interface I2cDevice {
  bus: number | string; address_hex: string; path: string; driver?: string; kind?: string; modalias?: string; name?: string;
}
export interface Peripherals {
  usb: UsbPeripheral[];
  i2c?: { buses: I2cBus[]; devices: I2cDevice[] };
  errors: Record<string, string[]>;
}

export interface ChangeEvent {
  seq: number; timestamp_ms: number; origin: string; domain: string; kind: string;
  operation: string; entity: string; revision: number; resource_id?: string;
  path: string; method?: string; request_id?: string;
}
export type UpdatesEvent =
  | { type: 'ready'; heartbeat_ms: number }
  | { type: 'heartbeat'; timestamp_ms: number }
  | { type: 'change'; event: ChangeEvent }
  | { type: 'error'; message: string };

export interface Health { ok: boolean; server_time_ms: number; uptime_ms: number; version: string }
export interface OsInfo { active_root?: string; build_id?: string; pretty_name?: string; version_id?: string }
/** Who the server takes this page for. */
export interface Who { authenticated: boolean; name: string; via: string; scopes: string[]; remote: string }
export interface DeviceMetrics {
  /** How long the machine has been up; an addition that not every server makes. */
  uptime_ms?: number;
  mem_total_bytes?: number; mem_used_bytes?: number; swap_total_bytes?: number; swap_used_bytes?: number;
  temps?: { label: string; temperature_c: number }[];
  issues?: { code: string; description: string }[];
}

/** What the connection is doing, told as it is. */
export interface LinkStatus {
  phase: 'connecting' | 'live' | 'stalled' | 'waiting' | 'unauthorised' | 'paused';
  /** performance.now() at which the phase began. */
  since: number;
  /** performance.now() of the next attempt, in phase waiting. */
  retryAt?: number;
  /** Why the last connection ended, for people. */
  reason?: string;
  /** Failed attempts in a row. */
  attempts: number;
}

/** What a subscriber of a channel may handle. */
export interface ChannelHandlers<T> {
  message(payload: T): void;
  /** The channel was (re)requested on a fresh or running connection. */
  opened?(): void;
  /** The connection went away under the channel, or the tab was hidden. */
  lost?(why: 'link' | 'hidden'): void;
  /** The server ended the channel; without a handler it is asked for again after a while. */
  ended?(reason: string): void;
  /** The server refused the request. */
  refused?(code: string, message: string): void;
}
export interface Subscription { update(params: Record<string, unknown>): void; close(): void }

/** What the header needs of a connection. */
export interface LinkLike extends EventTarget {
  status: LinkStatus;
  lastMessageAt: number;
  unreadable: number;
  silence(): number;
  retryNow(): void;
}
/** What the header needs of the other end of a connection. */
export interface Peer extends EventTarget {
  /** What it is called in sentences. */
  noun: string;
  ping: number;
  error: string | undefined;
  who: Who | undefined;
  about: string;
  clockOffset(): number;
}

/** One entry of the list of views. */
export interface ViewEntry {
  /** Path segment, and name of the module in views/. */
  name: string; title: string; icon: string;
  /** Second key of the shortcut "g …". */
  key: string; tag: string;
  /** What it shows: the device, or the application. */
  part: 'device' | 'app';
}

/** The parts views work with; made once, in main.js. */
export interface App {
  link: import('./link.js').Link;
  device: import('./device.js').Device;
  journal: import('./journal.js').Journal;
  telemetry: import('./history.js').History;
  /** What is known of the application, and the connections to its agent. */
  agent: import('./app/agent.js').Agent;
  appLink: import('./app/link.js').AppLink;
  keys: import('./keys.js').Keys;
  toast(message: string, kind?: 'info' | 'error'): void;
  /** Moves the focus out of a view that swallows keys. */
  focusNav(): void;
}
