/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/avtpmap: open, bind, mmap, poll, wait. */
#ifndef AVTPMAP_CHARDEV_H
#define AVTPMAP_CHARDEV_H

int chardev_init(void);
void chardev_exit(void);

#endif /* AVTPMAP_CHARDEV_H */
