// SPDX-License-Identifier: MIT
/* Which files there are. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int read_file(struct config *c, const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	int ret = OK;

	if (!f)
		return fail(-errno, "cannot read %s: %s", path,
			    strerror(errno));
	if (!fstat(fileno(f), &st) && S_ISDIR(st.st_mode))
		ret = fail(-EISDIR, "%s is a directory; say --dir %s", path,
			   path);
	else
		config_parse(c, path, f);
	fclose(f);
	return ret;
}

/* As the shell's *.conf. */
static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 &&
	       !strcmp(e->d_name + n - 5, ".conf");
}

/* The order is the same in every language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dir(struct config *c, const char *dir)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int n, ret = OK;

	n = scandir(dir, &entries, is_conf, by_name);
	if (n < 0)
		return fail(-errno, "cannot read %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (read_file(c, path))
			ret = FAILURE;
		free(entries[i]);
	}
	free(entries);
	if (!n)
		return fail(-ENOENT,
			    "%s holds no *.conf; avtpmap(8) shows what goes "
			    "into one",
			    dir);
	return ret;
}

int config_read(struct config *c, const char *dir, int n, char **files)
{
	int ret = OK;

	*c = (struct config){ 0 };
	if (!n)
		ret = read_dir(c, dir ? dir : CONFIG_DIR);
	for (int i = 0; i < n; i++)
		if (read_file(c, files[i]))
			ret = FAILURE;
	return c->errors ? FAILURE : ret;
}
