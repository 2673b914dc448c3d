/* SPDX-License-Identifier: MIT */
/* The parts of "avtpmap doctor": each looks at something and adds findings. */
#ifndef AVTPMAP_TOOL_DOCTOR_H
#define AVTPMAP_TOOL_DOCTOR_H

#include "../tool.h"

enum status {
	FINE, /* as it should be */
	NOTE, /* works, but something is less than it could be */
	BAD, /* something does not work until this is cured */
};

/*
 * One finding: @check of @subject is in @status; @text says how it is, @fix
 * what to do, or NULL.
 */
__attribute__((format(printf, 5, 6))) void
finding(enum status status, const char *subject, const char *check,
	const char *fix, const char *text, ...);

/* machine.c APIs */
/* The backend that AUTO takes on @ifname, or (NULL) at all; NULL: none can be used. */
const char *doctor_choice(const char *ifname);
void doctor_backends(const char *ifname);
void doctor_modules(void);
void doctor_rights(void);

/*
 * Is the module that is loaded the one that is installed? Adds a finding under
 * @subject; nothing if it is not loaded.
 */
void doctor_module(const char *subject, const char *module, const char *fix);
bool module_loaded(const char *module);
/*
 * Did our @driver not load, and the distribution's instead? @why: what the
 * kernel's log (dkms/modprobe.conf) has of it. False where it cannot be read.
 */
bool doctor_fell_back(const char *driver, char *why, size_t bytes);

/* clock.c APIs: @phc_index: or AVTPMAP_NO_PHC */
void doctor_gptp(void);
struct json_object *doctor_gptp_json(void); /* after it */
void doctor_clocks(const struct netdev *dev, uint32_t phc_index);

/* port.c APIs: @ifname, or NULL: every port */
void doctor_ports(const char *ifname);

#endif
