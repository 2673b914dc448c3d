// SPDX-License-Identifier: GPL-2.0
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "reader.h"

static const struct file_operations avtpmap_fops;

static int avtpmap_open(struct inode *inode, struct file *file)
{
	struct reader *r = reader_create();

	if (IS_ERR(r))
		return PTR_ERR(r);
	file->private_data = r;
	return stream_open(inode, file);
}

static int avtpmap_release(struct inode *inode, struct file *file)
{
	reader_destroy(file->private_data);
	return 0;
}

static long ioctl_bind(struct reader *r, void __user *arg)
{
	struct avtpmap_bind bind;
	int err;

	if (copy_from_user(&bind, arg, sizeof(bind)))
		return -EFAULT;
	err = reader_bind(r, &bind);
	if (err)
		return err;
	return copy_to_user(arg, &bind, sizeof(bind)) ? -EFAULT : 0;
}

static long ioctl_period(struct reader *r, void __user *arg)
{
	struct avtpmap_period period;

	if (copy_from_user(&period, arg, sizeof(period)))
		return -EFAULT;
	return reader_set_period(r, &period);
}

static long ioctl_wait(struct reader *r, void __user *arg)
{
	struct avtpmap_wait wait;
	int err;

	if (copy_from_user(&wait, arg, sizeof(wait)))
		return -EFAULT;
	err = reader_wait(r, &wait);
	if (err)
		return err;
	return copy_to_user(arg, &wait, sizeof(wait)) ? -EFAULT : 0;
}

static long ioctl_info(struct reader *r, void __user *arg)
{
	struct avtpmap_reader_info info;
	int err = reader_info(r, &info);

	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_group_add(struct reader *r, void __user *arg)
{
	struct avtpmap_group_member group;
	struct file *member;
	int err = -EINVAL;

	if (copy_from_user(&group, arg, sizeof(group)))
		return -EFAULT;
	member = fget(group.fd);
	if (!member)
		return -EBADF;
	if (member->f_op == &avtpmap_fops && !group.flags)
		err = reader_group_add(r, member->private_data);
	fput(member);
	return err;
}

static long avtpmap_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct reader *r = file->private_data;
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case AVTPMAP_IOC_BIND:
		return ioctl_bind(r, p);
	case AVTPMAP_IOC_PERIOD:
		return ioctl_period(r, p);
	case AVTPMAP_IOC_WAIT:
		return ioctl_wait(r, p);
	case AVTPMAP_IOC_INFO:
		return ioctl_info(r, p);
	case AVTPMAP_IOC_GROUP_ADD:
		return ioctl_group_add(r, p);
	default:
		return -ENOTTY;
	}
}

static __poll_t avtpmap_poll(struct file *file, poll_table *wait)
{
	struct reader *r = file->private_data;
	struct stream *s = reader_stream(r);
	struct group *g = reader_head_of(r);
	__poll_t mask = 0;

	if (g) {
		poll_wait(file, &g->wait, wait);
		if (group_poll(g))
			mask |= EPOLLIN | EPOLLRDNORM;
		if (group_is_gone(g))
			mask |= EPOLLERR | EPOLLHUP;
		return mask;
	}
	if (!s)
		return EPOLLERR;
	poll_wait(file, &r->wait, wait);
	reader_listen(r);
	if (reader_ready(r))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(s->ring.hdr->state) == AVTPMAP_RING_GONE)
		mask |= EPOLLERR | EPOLLHUP;
	return mask;
}

static int mmap_reader_page(struct reader *r, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED) ||
	    vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, 0);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(r->page));
}

/* The file, and so the stream and its ring, lives until the last mapping goes. */
static int avtpmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reader *r = file->private_data;
	struct stream *s = reader_stream(r);

	if (!s)
		return -ENOTCONN;
	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case AVTPMAP_MMAP_RING:
		return ring_mmap(&s->ring, vma);
	case AVTPMAP_MMAP_READER:
		return mmap_reader_page(r, vma);
	default:
		return -EINVAL;
	}
}

static const struct file_operations avtpmap_fops = {
	.owner		= THIS_MODULE,
	.open		= avtpmap_open,
	.release	= avtpmap_release,
	.unlocked_ioctl	= avtpmap_ioctl,
	.poll		= avtpmap_poll,
	.mmap		= avtpmap_mmap,
};

/* Anyone may open it; bind asks for the capability or the port's group. */
static struct miscdevice avtpmap_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "avtpmap",
	.mode	= 0666,
	.fops	= &avtpmap_fops,
};

int chardev_init(void)
{
	return misc_register(&avtpmap_misc);
}

void chardev_exit(void)
{
	misc_deregister(&avtpmap_misc);
}
