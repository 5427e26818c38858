// Wire types of the channels and endpoints of the sensors view, as far as it
// reads them. A key marked `?` may be missing or null.

export interface Axes { x: number; y: number; z: number }
export interface Quaternion extends Axes { w: number }

export interface ImuStatus {
  has_sample: boolean;
  fusion?: string; range?: string; update_interval_ms?: number;
  dr_velocity_damp_tau_seconds?: number; dr_still_velocity_zero_tau_seconds?: number;
  dr_max_accel_world_mps2?: number; dr_max_speed_mps?: number; dr_max_position_m?: number;
  dr_lock_position?: boolean;
  updated_at?: string; dt_seconds?: number; last_error?: string;
  orientation?: { roll: number; pitch: number; yaw: number; quaternion?: Quaternion };
  linear_accel?: Axes; velocity_world?: Axes; position_world?: Axes;
  linear_speed_mps?: number; angular_velocity_dps?: Axes; angular_speed_dps?: number; gyro_bias_dps?: Axes;
  is_moving?: boolean; is_moving_fast?: boolean; is_still?: boolean;
  stillness_confidence?: number; rotation_contaminated?: boolean;
  motion_g?: number; motion_fast_threshold_g?: number; motion_noise_floor_g?: number; dr_confidence?: number;
  accel?: Axes; gyro?: Axes; mag?: Axes;
  sources?: { accel_gyro?: string; magnetometer?: string };
  options?: { fusion: string[]; range: string[]; intervals_ms: number[] };
}

export interface PowerSource {
  label: string; bus?: string; address?: string;
  watts?: number; volts?: number; amps?: number; shunt_volts?: number;
}
export interface PowerStatus {
  watts?: number; volts?: number; amps?: number; updated_at?: string;
  sources?: PowerSource[]; errors?: string[];
}

/** Parts are 0 to 255. */
export interface LedColor { r: number; g: number; b: number; w?: number }
export type AnimationKind = 'off' | 'chase' | 'pulse' | 'rainbow' | 'breathing_rainbow';
export interface Animation {
  kind: AnimationKind; color?: LedColor; speed_hz?: number; low?: number; high?: number; period_ms?: number;
}
export interface LightingState {
  frame: LedColor[] | null; brightness: number | null; animation: Animation | null;
  updated_at_ms: number; animation_running: boolean;
}
export interface LightingConfig { enabled: boolean; count: number; color_order: string; brightness?: number; label?: string }
/** What POST /v1/device/lighting takes. */
export interface LightingCommand { frame?: LedColor[]; brightness?: number; animation?: Animation }

export interface FirmwareUpdate {
  device_id: string; firmware: string; status: 'queued' | 'flashing' | 'complete' | 'failed';
  active?: string; error?: string; progress_pct?: number; detail?: string; timestamp_ms: number;
}
/** A sensor board of GET /v1/peripherals that tells its firmware. */
export interface SensorPeripheral {
  name: string; present: boolean;
  firmware?: { active?: string; desired?: string; status?: string; last_error?: string };
}

/** A message of sensors.stream; with status it is an error. */
export interface SensorsMessage {
  imu?: ImuStatus; power?: PowerStatus; lighting?: LightingState; firmware?: FirmwareUpdate;
  status?: string; reason?: string;
}
