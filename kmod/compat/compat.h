/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernels from 6.1 on lack of the API that the module is written to. The
 * only place with a version test; included before everything else.
 */
#ifndef AVTPMAP_COMPAT_H
#define AVTPMAP_COMPAT_H

#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/version.h>

/* Where mac_pton() is, from 6.4 on; before, everybody had it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#include <linux/hex.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/* Only for a mapping that is being made, hence without the lock's checks. */
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*fn)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#else
#define compat_hrtimer_setup	hrtimer_setup
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops		genl_ops	/* as pre_doit's argument */
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define kernel_ethtool_ts_info	ethtool_ts_info
#endif

/* Not zeroed where the compiler is told to zero what is on the stack. */
#ifndef __uninitialized
#define __uninitialized		__attribute__((__uninitialized__))
#endif

#endif /* AVTPMAP_COMPAT_H */
