// SPDX-License-Identifier: MIT
/* Whose an address is, as udev's database of hardware tells. */
#include <stdio.h>
#include <string.h>

#include "scan.h"

enum { KNOWN_MAX = 64, NAME_BYTES = 40 };

struct vendor {
	uint8_t oui[3];
	char name[NAME_BYTES];
};

static struct vendor known[KNOWN_MAX];
static int n_known;

/* "OUI:001B21*", and in a line after it " ID_OUI_FROM_DATABASE=Intel Corporate" */
static void look_up(struct vendor *v)
{
	static const char key[] = " ID_OUI_FROM_DATABASE=";
	FILE *f = fopen("/usr/lib/udev/hwdb.d/20-OUI.hwdb", "re");
	char line[256], match[16];
	bool here = false;

	if (!f)
		return;
	snprintf(match, sizeof(match), "OUI:%02X%02X%02X*", v->oui[0],
		 v->oui[1], v->oui[2]);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'O') {
			here = !strcmp(line, match);
		} else if (here && !strncmp(line, key, sizeof(key) - 1)) {
			snprintf(v->name, sizeof(v->name), "%.*s",
				 NAME_BYTES - 1, line + sizeof(key) - 1);
			break;
		}
	}
	fclose(f);
}

const char *vendor_of(const uint8_t mac[6])
{
	struct vendor *v;

	if (mac[0] & 2)
		return ""; /* it gave itself that address */
	for (int i = 0; i < n_known; i++)
		if (!memcmp(known[i].oui, mac, 3))
			return known[i].name;
	if (n_known == KNOWN_MAX)
		return "";
	v = &known[n_known++];
	memcpy(v->oui, mac, 3);
	look_up(v);
	return v->name;
}
