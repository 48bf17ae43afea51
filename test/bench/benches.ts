/** Every bench, one line each. */
import { gatewayBench } from './gateway.ts';
import { learningBench } from './learning.ts';
import type { Bench } from './measure.ts';

export const benches: readonly Bench[] = [gatewayBench, learningBench];
