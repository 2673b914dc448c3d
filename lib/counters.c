// SPDX-License-Identifier: MIT
#include <avtpmap/avtpmap.h>

static const struct {
	const char *name;
	const char *help;
} table[AVTPMAP_N_COUNTERS] = {
#define ROW(id, text, meaning) [AVTPMAP_C_##id] = { #text, meaning },
	AVTPMAP_COUNTERS(ROW)
#undef ROW
};

const char *avtpmap_counter_name(unsigned int c)
{
	return c < AVTPMAP_N_COUNTERS ? table[c].name : NULL;
}

const char *avtpmap_counter_help(unsigned int c)
{
	return c < AVTPMAP_N_COUNTERS ? table[c].help : NULL;
}

uint64_t avtpmap_counters(struct avtpmap_stream *s, uint64_t *values,
			  unsigned int n)
{
	const struct avtpmap_ring_hdr *hdr = avtpmap_ring(s)->hdr;

	for (unsigned int i = 0; i < n; i++)
		values[i] = i < AVTPMAP_N_COUNTERS ?
				    __atomic_load_n(&hdr->counters[i],
						    __ATOMIC_RELAXED) :
				    0;
	return __atomic_load_n(&hdr->counters_known, __ATOMIC_RELAXED);
}
