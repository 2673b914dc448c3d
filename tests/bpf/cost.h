/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the bench and its programs know of each other. */
#ifndef AVTPMAP_BPF_COST_H
#define AVTPMAP_BPF_COST_H

#define FIRST_ID 0x02005e1000010000ull /* and those that follow */

enum { PDU_BYTES = 216, STRIDE = 512 };

#endif
