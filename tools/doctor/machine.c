// SPDX-License-Identifier: MIT
/* Backends, modules and rights. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

enum { CAP_NET_ADMIN_BIT = 12 };

const char *doctor_choice(const char *ifname)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(ifname, r, BACKENDS_MAX);

	for (int i = 0; i < n && i < BACKENDS_MAX; i++)
		if (!r[i].err)
			return r[i].name;
	return NULL;
}

void doctor_backends(const char *ifname)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(ifname, r, BACKENDS_MAX);
	const char *chosen = doctor_choice(ifname);
	bool by_root = false;

	for (int i = 0; i < n && i < BACKENDS_MAX; i++) {
		by_root |= r[i].err == -EPERM;
		finding(r[i].err ? NOTE : FINE, "backend", r[i].name, NULL,
			"%s", r[i].reason);
	}
	if (chosen)
		finding(FINE, "backend", "choice", NULL, "%s", chosen);
	else if (by_root)
		finding(BAD, "backend", "choice", "run as root",
			"none without more rights");
	else
		finding(BAD, "backend", "choice",
			"modprobe avtpmap; if there is no such module, install "
			"it with dkms",
			"none: streams cannot be read on this machine");
}

static void first_line(FILE *f, char *buf, size_t bytes)
{
	buf[0] = '\0';
	if (!f)
		return;
	if (fgets(buf, bytes, f))
		buf[strcspn(buf, "\n")] = '\0';
}

bool module_loaded(const char *module)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static void loaded_attribute(const char *module, const char *name, char *buf,
			     size_t bytes)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/%s", module, name);
	f = fopen(path, "re");
	first_line(f, buf, bytes);
	if (f)
		fclose(f);
}

static void installed_attribute(const char *module, const char *name, char *buf,
				size_t bytes)
{
	char command[160];
	FILE *f;

	buf[0] = '\0';
	if (strspn(module, "abcdefghijklmnopqrstuvwxyz0123456789_-") !=
	    strlen(module))
		return;
	snprintf(command, sizeof(command),
		 "PATH=/usr/sbin:/sbin:$PATH modinfo -F %s %s 2>/dev/null",
		 name, module);
	f = popen(command, "re");
	first_line(f, buf, bytes);
	if (f)
		pclose(f);
}

void doctor_module(const char *subject, const char *module, const char *fix)
{
	char loaded[64], installed[64], version[64];

	if (!module_loaded(module))
		return;
	loaded_attribute(module, "srcversion", loaded, sizeof(loaded));
	installed_attribute(module, "srcversion", installed, sizeof(installed));
	loaded_attribute(module, "version", version, sizeof(version));
	if (!installed[0])
		finding(NOTE, subject, module, NULL,
			"loaded%s%s, but not installed for this kernel: gone "
			"after the next boot",
			*version ? ", version " : "", version);
	else if (*loaded && strcmp(loaded, installed))
		finding(NOTE, subject, module, fix,
			"the loaded module (%s) is not the installed one (%s)",
			loaded, installed);
	else
		finding(FINE, subject, module, NULL, "loaded%s%s, as installed",
			*version ? ", version " : "", version);
}

/* A record: "PRIORITY,...;TEXT"; who comes too late for one goes on with the next. */
bool doctor_fell_back(const char *driver, char *why, size_t bytes)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[2048], said[96];
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return false;
	snprintf(said, sizeof(said), ";avtpmap: our %s does not load, ",
		 driver);
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		char *text;

		record[n > 0 ? n : 0] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strstr(record, said);
		if (!text)
			continue;
		snprintf(why, bytes, "%s", text + strlen(said));
		found = true;
	}
	close(fd);
	return found;
}

void doctor_modules(void)
{
	char loaded[64];

	doctor_module("module", "avtpmap",
		      "avtpmap drain && rmmod avtpmap && modprobe avtpmap");
	doctor_module("module", "avtpmap_hook",
		      "it changes with the drivers that use it: reboot");
	loaded_attribute("avtpmap", "version", loaded, sizeof(loaded));
	if (*loaded && strcmp(loaded, avtpmap_version()))
		finding(NOTE, "library", "version",
			"install the same version of both",
			"libavtpmap is %s, the module %s", avtpmap_version(),
			loaded);
	else
		finding(FINE, "library", "version", NULL, "%s",
			avtpmap_version());
}

static bool may_net_admin(void)
{
	unsigned long long caps = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps >> CAP_NET_ADMIN_BIT & 1;
}

static void device_rights(void)
{
	struct stat st;
	struct passwd *pw;
	struct group *gr;

	if (stat(AVTPMAP_DEVICE, &st)) {
		finding(module_loaded("avtpmap") ? BAD : NOTE, "rights",
			AVTPMAP_DEVICE, NULL, "%s", strerror(errno));
		return;
	}
	pw = getpwuid(st.st_uid);
	gr = getgrgid(st.st_gid);
	if (!access(AVTPMAP_DEVICE, R_OK | W_OK))
		finding(FINE, "rights", AVTPMAP_DEVICE, NULL,
			"you may open it (%s:%s, mode %o)",
			pw ? pw->pw_name : "?", gr ? gr->gr_name : "?",
			st.st_mode & 07777);
	else
		finding(BAD, "rights", AVTPMAP_DEVICE,
			"run as root, or let a udev rule give the device to "
			"your group",
			"you may not open it (%s:%s, mode %o)",
			pw ? pw->pw_name : "?", gr ? gr->gr_name : "?",
			st.st_mode & 07777);
}

void doctor_rights(void)
{
	device_rights();
	if (may_net_admin())
		finding(FINE, "rights", "control", NULL,
			"you may attach, detach, add, delete and drain");
	else
		finding(NOTE, "rights", "control",
			"root can let a group do so: avtpmap attach IF --group "
			"GROUP",
			"without CAP_NET_ADMIN you may add and read streams "
			"only on ports of your groups");
}
