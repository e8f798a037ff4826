/**
 * The one table of errors: code -> HTTP status, CLI exit code, and whether the same call may succeed later.
 * `http: null` marks codes that only arise on the caller's machine and never travel.
 */
export const errorTable = {
  invalid_request: { http: 400, exit: 2, retryable: false },
  unauthorized: { http: 401, exit: 4, retryable: false },
  forbidden: { http: 403, exit: 4, retryable: false },
  not_found: { http: 404, exit: 5, retryable: false },
  conflict: { http: 409, exit: 6, retryable: false },
  address_taken: { http: 409, exit: 6, retryable: false },
  master_as_worker: { http: 409, exit: 6, retryable: false },
  stale_attempt: { http: 409, exit: 6, retryable: false },
  no_capable_node: { http: 409, exit: 6, retryable: true },
  queue_full: { http: 429, exit: 7, retryable: true },
  log_gap: { http: 409, exit: 6, retryable: true },
  payload_too_large: { http: 413, exit: 2, retryable: false },
  unsupported_media_type: { http: 415, exit: 2, retryable: false },
  range_not_satisfiable: { http: 416, exit: 2, retryable: false },
  idempotency_mismatch: { http: 422, exit: 6, retryable: false },
  checksum_mismatch: { http: 460, exit: 8, retryable: true },
  internal: { http: 500, exit: 1, retryable: true },
  unavailable: { http: 503, exit: 7, retryable: true },
  insufficient_storage: { http: 507, exit: 9, retryable: true },
  job_failed: { http: null, exit: 3, retryable: false },
  master_unreachable: { http: null, exit: 7, retryable: true },
  wrong_scheme: { http: null, exit: 7, retryable: false },
  untrusted_certificate: { http: null, exit: 4, retryable: false },
  input_unreadable: { http: null, exit: 8, retryable: false },
  not_a_video: { http: null, exit: 8, retryable: false },
  missing_program: { http: null, exit: 9, retryable: false },
  missing_sensor: { http: null, exit: 9, retryable: false },
  unfit_machine: { http: null, exit: 9, retryable: false },
  port_taken: { http: null, exit: 9, retryable: false },
  data_dir_locked: { http: null, exit: 9, retryable: false },
  newer_schema: { http: null, exit: 9, retryable: false },
  damaged_database: { http: null, exit: 9, retryable: false },
  bad_config: { http: null, exit: 2, retryable: false },
  interrupted: { http: null, exit: 130, retryable: true },
} as const satisfies Record<string, { http: number | null; exit: number; retryable: boolean }>;

export type ErrorCode = keyof typeof errorTable;

/** The body of every error reply: `{error: {code, message, details}}`. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; details?: unknown };
}

/** The only error class that crosses a border: a code of the table, one sentence for a person, and facts for a program. */
export class FfrtmpError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, details?: unknown) {
    super(message);
    this.name = 'FfrtmpError';
    this.code = code;
    this.details = details;
  }

  get exitCode(): number {
    return errorTable[this.code].exit;
  }

  get httpStatus(): number {
    return errorTable[this.code].http ?? 500;
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code);
}
