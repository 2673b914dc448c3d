// SPDX-License-Identifier: GPL-2.0
#include <linux/avtpmap.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "holder.h"

/* By uid, so that none takes the memory of all. */
static DEFINE_XARRAY(holders);

/* Protects: holders, and each one's number of handles
 * Ordering: innermost
 */
static DEFINE_MUTEX(holders_lock);

static struct holder *holder_create(kuid_t uid)
{
	struct holder *h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	int err;

	lockdep_assert_held(&holders_lock);
	if (!h)
		return ERR_PTR(-ENOMEM);
	h->uid = uid;
	err = xa_err(xa_store(&holders, __kuid_val(uid), h, GFP_KERNEL));
	if (err) {
		kfree(h);
		return ERR_PTR(err);
	}
	return h;
}

/* For one more handle. */
struct holder *holder_get(kuid_t uid)
{
	struct holder *h;

	mutex_lock(&holders_lock);
	h = xa_load(&holders, __kuid_val(uid)) ?: holder_create(uid);
	if (!IS_ERR(h)) {
		if (h->handles < AVTPMAP_HANDLES_MAX)
			h->handles++;
		else
			h = ERR_PTR(-EUSERS);
	}
	mutex_unlock(&holders_lock);
	return h;
}

void holder_put(struct holder *h)
{
	mutex_lock(&holders_lock);
	if (!--h->handles) {
		xa_erase(&holders, __kuid_val(h->uid));
		kfree(h);
	}
	mutex_unlock(&holders_lock);
}
