import { setFlagsFromString } from 'node:v8';

/**
 * Of itself V8 lets a heap of 30 MB grow to 150 before it tidies up: with a mesh of 32,767 nodes that is a third of the
 * process. Twice of what lives is enough, and costs no CPU that can be measured at the speed of a UART.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
