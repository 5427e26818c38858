// Wire types of the updater, as far as this UI reads them. A key marked `?` may
// be missing or null.

export type Stage = 'idle' | 'downloading' | 'verifying' | 'awaiting_window' | 'applying' | 'rebooting' | 'complete' | 'rolled_back';

export interface UpdaterState {
  update_id: string; stage: Stage; progress_percent?: number | null;
  started_at?: string | null; finished_at?: string | null; last_error?: string | null;
  artifacts?: { url: string; checksum?: string; size_bytes?: number }[];
}

/** A message of ota.stream. */
export type OtaEvent =
  | { type: 'snapshot'; state: UpdaterState | null; cache_usage_bytes: number }
  | { type: 'stage_progress'; update_id: string; percent: number; detail?: string }
  | { type: 'stage_complete'; update_id: string }
  | { type: 'apply_scheduled'; update_id: string; eta: string }
  | { type: 'apply_complete'; update_id: string; reboot_required: boolean }
  | { type: 'rollback_triggered'; update_id: string; reason: string }
  | { type: 'error'; message: string };

export interface Place { path: string; usage_bytes: number; available_bytes?: number }
export interface Storage {
  uploads: Place & { quota_bytes: number; remaining_bytes: number };
  cache: Place; work: Place; service_releases: Place; frontend_releases: Place;
}
export interface OtaAnswer { state: UpdaterState | null; cache_usage_bytes: number; storage: Storage }

export interface Slot {
  name: string; class?: string; device?: string; boot_name?: string; booted: boolean; primary: boolean; health?: string;
  version?: string; sha256?: string; size_bytes?: number; installed_at?: string;
}
export interface SlotsAnswer { engine: string; simulated?: boolean; slots: Slot[]; last_error?: string }
export interface EndedUpdate extends UpdaterState {
  version?: string; build_id?: string; staged_by?: string; applied_by?: string; engine?: string; simulated?: boolean;
}
export interface HistoryAnswer { updates: EndedUpdate[] }

/** The answer to an upload. */
export interface Uploaded {
  filename: string; size_bytes: number; sha256: string; image_url: string; version?: string | null; build_id?: string | null;
}

export interface PreflightReport {
  update_id: string; ready: boolean; summary: string; single_slot: boolean; verdict: string;
  artifact_kind?: string; target_device?: string; image_size_bytes?: number; target_size_bytes?: number;
  gap_after_bytes?: number; additional_from_data_bytes?: number;
  data_dir_available_bytes?: number; work_dir_available_bytes?: number; clear_bytes?: number;
}
export interface Preflight { update_id: string; ready: boolean; transient: boolean; report: PreflightReport }
