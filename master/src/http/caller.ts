import type { Role } from '@ffrtmp/shared/contract/operation';

/** Who calls, as far as the key proves it. The tenant comes from here and never from a body. */
export interface Caller {
  keyId: string;
  role: Role;
  tenantId: string;
  nodeId: string | null;
}
