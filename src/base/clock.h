/* clock.h - the two clocks. Modules take time as an argument; only owners of loops read these. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that never go back; only differences mean anything. */
uint64_t clock_ms(void);

/* Microseconds of the same clock. */
uint64_t clock_us(void);

/* Milliseconds since 1970 UTC. */
uint64_t clock_wall_ms(void);

/* Seconds since 1970 UTC, a few milliseconds late, at a quarter of the cost. */
uint64_t clock_wall_s(void);

#endif
