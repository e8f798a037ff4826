/** The version of every role; they are released together. */
export const version = '0.1.0';
