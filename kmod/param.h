/* SPDX-License-Identifier: GPL-2.0 */
/* Streams named when the module is loaded: modprobe avtpmap streams=... */
#ifndef AVTPMAP_PARAM_H
#define AVTPMAP_PARAM_H

struct net_device;

int param_init(void);
int param_read(const char *text);	/* what streams= says, or a test */
void param_exit(void);

/* A netdev came, or has a new name: make the streams that wait for it. */
void param_apply(struct net_device *dev);

#endif /* AVTPMAP_PARAM_H */
