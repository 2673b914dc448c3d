// SPDX-License-Identifier: GPL-2.0
/*
 * Measures igb's poll function with the TSC, which counts instructions in a
 * guest run with -icount. Only polls that used up their whole budget count:
 * they all handle the same number of frames. On unload, the log gets the number
 * of such polls, and the least and the median of their lengths.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/sort.h>

enum { MAX_POLLS = 4096 };

static u64 lengths[MAX_POLLS];
static atomic_t n_polls;

static int poll_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(u64 *)ri->data = rdtsc_ordered();
	return 0;
}

/* A poll that did all it may returns its budget. */
static int poll_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 length = rdtsc_ordered() - *(u64 *)ri->data;
	int n;

	if (regs_return_value(regs) != NAPI_POLL_WEIGHT)
		return 0;
	n = atomic_fetch_inc(&n_polls);
	if (n < MAX_POLLS)
		lengths[n] = length;
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "igb_poll",
	.entry_handler = poll_entry,
	.handler = poll_return,
	.data_size = sizeof(u64),
};

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int __init polltime_init(void)
{
	return register_kretprobe(&probe);
}

static void __exit polltime_exit(void)
{
	int n;

	unregister_kretprobe(&probe);
	n = min_t(int, atomic_read(&n_polls), MAX_POLLS);
	sort(lengths, n, sizeof(*lengths), compare, NULL);
	pr_info("polltime: polls=%d least=%llu median=%llu frames=%d\n", n,
		n ? lengths[0] : 0, n ? lengths[n / 2] : 0, NAPI_POLL_WEIGHT);
}

module_init(polltime_init);
module_exit(polltime_exit);
MODULE_DESCRIPTION("avtpmap test: instructions in igb's poll");
MODULE_LICENSE("GPL");
