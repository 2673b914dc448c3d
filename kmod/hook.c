// SPDX-License-Identifier: GPL-2.0
/* avtpmap_hook.ko: lets avtpmap.ko look at the frames of patched drivers. */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "avtpmap_hook.h"

/* To switch the key stops all CPUs: not as often as streams may come and go. */
#define KEY_OFF_DELAY	HZ

/* On while any tap has a sink, and KEY_OFF_DELAY longer. */
DEFINE_STATIC_KEY_FALSE(avtpmap_hook_key);
EXPORT_SYMBOL_GPL(avtpmap_hook_key);

/* Protects: taps, each tap's owner, writes to its sink, n_sinks and the key.
 * Ordering: inside rtnl_lock
 */
static DEFINE_MUTEX(taps_lock);
static LIST_HEAD(taps);
static u32 n_sinks;

static void key_off(struct work_struct *work)
{
	mutex_lock(&taps_lock);
	if (!n_sinks)
		static_branch_disable(&avtpmap_hook_key);
	mutex_unlock(&taps_lock);
}

static DECLARE_DELAYED_WORK(key_off_work, key_off);

static struct avtpmap_tap *find_tap(const struct net_device *dev)
{
	struct avtpmap_tap *tap;

	lockdep_assert_held(&taps_lock);
	list_for_each_entry(tap, &taps, node)
		if (tap->dev == dev)
			return tap;
	return NULL;
}

void avtpmap_tap_register(struct avtpmap_tap *tap, struct net_device *dev)
{
	RCU_INIT_POINTER(tap->sink, NULL);
	tap->owner = NULL;
	tap->dev = dev;
	mutex_lock(&taps_lock);
	list_add(&tap->node, &taps);
	mutex_unlock(&taps_lock);
}
EXPORT_SYMBOL_GPL(avtpmap_tap_register);

static void clear_sink(struct avtpmap_tap *tap)
{
	lockdep_assert_held(&taps_lock);
	if (!rcu_access_pointer(tap->sink))
		return;
	RCU_INIT_POINTER(tap->sink, NULL);
	if (!--n_sinks)
		mod_delayed_work(system_percpu_wq, &key_off_work, KEY_OFF_DELAY);
}

/* A sink normally let go at NETDEV_UNREGISTER, long before. */
void avtpmap_tap_unregister(struct avtpmap_tap *tap)
{
	mutex_lock(&taps_lock);
	clear_sink(tap);
	list_del(&tap->node);
	mutex_unlock(&taps_lock);
	synchronize_net();
}
EXPORT_SYMBOL_GPL(avtpmap_tap_unregister);

enum avtpmap_verdict avtpmap_tap_rx(const struct avtpmap_tap *tap,
				    const struct avtpmap_rx *rx)
{
	struct avtpmap_sink *sink;

	/* NAPI runs with bottom halves off, which is a read-side section too. */
	sink = rcu_dereference_check(tap->sink, rcu_read_lock_bh_held());
	return sink ? sink->rx(sink, rx) : AVTPMAP_PASS;
}
EXPORT_SYMBOL_GPL(avtpmap_tap_rx);

int avtpmap_hook_attach(struct net_device *dev, struct avtpmap_sink *sink)
{
	struct avtpmap_tap *tap;
	int err = 0;

	mutex_lock(&taps_lock);
	tap = find_tap(dev);
	if (!tap)
		err = -EOPNOTSUPP;
	else if (tap->owner)
		err = -EBUSY;
	else
		tap->owner = sink;
	mutex_unlock(&taps_lock);
	return err;
}
EXPORT_SYMBOL_GPL(avtpmap_hook_attach);

void avtpmap_hook_arm(struct net_device *dev, struct avtpmap_sink *sink,
		      bool on)
{
	struct avtpmap_tap *tap;

	mutex_lock(&taps_lock);
	tap = find_tap(dev);
	if (tap && tap->owner == sink) {
		if (!on) {
			clear_sink(tap);
		} else if (!rcu_access_pointer(tap->sink)) {
			rcu_assign_pointer(tap->sink, sink);
			n_sinks++;
			static_branch_enable(&avtpmap_hook_key);
		}
	}
	mutex_unlock(&taps_lock);
}
EXPORT_SYMBOL_GPL(avtpmap_hook_arm);

void avtpmap_hook_detach(struct net_device *dev, struct avtpmap_sink *sink)
{
	struct avtpmap_tap *tap;

	mutex_lock(&taps_lock);
	tap = find_tap(dev);
	if (tap && tap->owner == sink) {
		clear_sink(tap);
		tap->owner = NULL;
	}
	mutex_unlock(&taps_lock);
	synchronize_net();
}
EXPORT_SYMBOL_GPL(avtpmap_hook_detach);

bool avtpmap_hook_has_tap(struct net_device *dev)
{
	bool has;

	mutex_lock(&taps_lock);
	has = find_tap(dev);
	mutex_unlock(&taps_lock);
	return has;
}
EXPORT_SYMBOL_GPL(avtpmap_hook_has_tap);

static int __init avtpmap_hook_init(void)
{
	return 0;
}

static void __exit avtpmap_hook_exit(void)
{
	cancel_delayed_work_sync(&key_off_work);
}

module_init(avtpmap_hook_init);
module_exit(avtpmap_hook_exit);

MODULE_DESCRIPTION("avtpmap: receive hook for patched network drivers");
MODULE_AUTHOR("The avtpmap authors");
MODULE_LICENSE("GPL");
