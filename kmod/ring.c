// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ring.h"
#include "shared/ring_prod.h"

static_assert(sizeof(struct avtpmap_slot) == 64);
static_assert(sizeof(struct avtpmap_ring_hdr) <= AVTPMAP_HEADER_BYTES);
static_assert(offsetof(struct avtpmap_ring_hdr, format_seq) == 64);
static_assert(offsetof(struct avtpmap_ring_hdr, head) == 128);
static_assert(offsetof(struct avtpmap_ring_hdr, counters) == 192);
static_assert(sizeof(struct avtpmap_bind) == 64);
static_assert(sizeof(struct avtpmap_period) == 32);
static_assert(sizeof(struct avtpmap_wait) == 32);
static_assert(sizeof(struct avtpmap_reader_info) == 64);

static void free_pages_of(struct ring *ring)
{
	while (ring->n_pages)
		__free_page(ring->pages[--ring->n_pages]);
	kvfree(ring->pages);
}

int ring_alloc(struct ring *ring, u32 n_slots, u32 stride, int node)
{
	u32 n_pages;

	ring->bytes = PAGE_ALIGN(avtpmap_ring_bytes(n_slots, stride));
	n_pages = ring->bytes >> PAGE_SHIFT;
	ring->pages = kvcalloc(n_pages, sizeof(*ring->pages), GFP_KERNEL);
	if (!ring->pages)
		return -ENOMEM;
	for (ring->n_pages = 0; ring->n_pages < n_pages; ring->n_pages++) {
		/* of whoever adds the stream: a port's cap may be a container's own */
		struct page *page = alloc_pages_node(node, GFP_KERNEL_ACCOUNT |
						     __GFP_ZERO |
						     __GFP_RETRY_MAYFAIL |
						     __GFP_NOWARN, 0);

		if (!page)
			goto err_pages;
		ring->pages[ring->n_pages] = page;
		cond_resched();
	}
	ring->hdr = vmap(ring->pages, n_pages, VM_MAP, PAGE_KERNEL);
	if (!ring->hdr)
		goto err_pages;
	ring->slots = (u8 *)ring->hdr + AVTPMAP_HEADER_BYTES;
	ring->stride_shift = ilog2(stride);
	ring->mask = n_slots - 1;
	return 0;

err_pages:
	free_pages_of(ring);
	return -ENOMEM;
}

/* A page that is still mapped somewhere lives on until it is not. */
void ring_free(struct ring *ring)
{
	vunmap(ring->hdr);
	free_pages_of(ring);
}

/* All pages at once: a reader never faults. */
int ring_mmap(const struct ring *ring, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE);
	return vm_map_pages_zero(vma, ring->pages, ring->n_pages);
}
