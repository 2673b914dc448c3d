/* SPDX-License-Identifier: GPL-2.0 */
/* A ring's memory. */
#ifndef AVTPMAP_RING_H
#define AVTPMAP_RING_H

#include <linux/avtpmap.h>
#include <linux/mm_types.h>

/**
 * struct ring - all of it is immutable, what it points to is not
 * @hdr: the header page, then the slots
 * @slots: position 0
 * @stride_shift: of the slots
 * @mask: n_slots - 1
 * @bytes: whole pages
 * @pages: of the NIC's node
 * @n_pages: their number
 */
struct ring {
	struct avtpmap_ring_hdr *hdr;
	u8 *slots;
	u32 stride_shift;
	u32 mask;
	u64 bytes;
	struct page **pages;
	u32 n_pages;
};

int ring_alloc(struct ring *ring, u32 n_slots, u32 stride, int node);
void ring_free(struct ring *ring);
int ring_mmap(const struct ring *ring, struct vm_area_struct *vma);

static inline struct avtpmap_slot *ring_slot(const struct ring *ring, u64 pos)
{
	return (void *)(ring->slots + ((pos & ring->mask) << ring->stride_shift));
}

#endif /* AVTPMAP_RING_H */
