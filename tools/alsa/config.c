// SPDX-License-Identifier: MIT
/* What pcm.NAME { type avtpmap ... } may say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "../backend.h"

static int wrong(const char *key, const char *why)
{
	SNDERR("avtpmap: %s: %s", key, why);
	return -EINVAL;
}

static int add_stream(struct device *d, const char *text)
{
	if (d->n == STREAMS_MAX)
		return wrong("streams", "64 at most");
	if (avtpmap_stream_id_from_text(text, &d->m[d->n].id)) {
		SNDERR("avtpmap: %s: not a stream id, which looks like "
		       "00:1b:21:aa:bb:cc:00:01",
		       text);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < d->n; i++)
		if (d->m[i].id == d->m[d->n].id)
			return wrong(text, "named twice");
	d->n++;
	return 0;
}

/* Ids that lie between blanks. */
static int add_streams(struct device *d, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (word = strsep(&rest, " ")))
		if (*word)
			err = add_stream(d, word);
	free(copy);
	return err;
}

/* To ALSA what looks like a number is one, of which not all bits are left. */
static int take_id(struct device *d, const snd_config_t *node)
{
	const char *text;

	if (snd_config_get_string(node, &text) || !text)
		return wrong("streams", "an id that looks like a number needs "
					"quotes: \"0x001b21aabbcc0001\"");
	return add_streams(d, text);
}

static int take_streams(struct device *d, snd_config_t *node)
{
	snd_config_iterator_t i, next;
	int err = 0;

	if (snd_config_get_type(node) != SND_CONFIG_TYPE_COMPOUND)
		return take_id(d, node);
	snd_config_for_each(i, next, node)
	{
		err = take_id(d, snd_config_iterator_entry(i));
		if (err)
			break;
	}
	return err;
}

static int take_number(const char *key, const snd_config_t *node, long most,
		       long *out)
{
	char *text = NULL, *end = NULL;
	int err = snd_config_get_ascii(node, &text);

	if (!err)
		*out = strtol(text, &end, 10);
	if (err || end == text || *end || *out < 0 || *out > most) {
		SNDERR("avtpmap: %s: %s is not a number from 0 to %ld", key,
		       text ? text : "this", most);
		err = -EINVAL;
	}
	free(text);
	return err;
}

static int take_backend(struct device *d, const char *name)
{
	if (backend_of_name(name, &d->backend))
		return wrong(name, "no such backend");
	return 0;
}

/* Those that any PCM may have. */
static bool is_general(const char *key)
{
	return !strcmp(key, "comment") || !strcmp(key, "type") ||
	       !strcmp(key, "hint");
}

static int take(struct device *d, const char *key, snd_config_t *node)
{
	const char *text;

	if (!strcmp(key, "streams"))
		return take_streams(d, node);
	if (!strcmp(key, "channels"))
		return take_number(key, node, CHANNELS_MAX, &d->want_channels);
	if (!strcmp(key, "rate"))
		return take_number(key, node, 768000, &d->want_rate);
	if (!strcmp(key, "ring_ms"))
		return take_number(key, node, 10000, &d->ring_ms);
	if (strcmp(key, "interface") && strcmp(key, "backend"))
		return wrong(key, "no such key; there are interface, streams, "
				  "backend, channels, rate and ring_ms");
	if (snd_config_get_string(node, &text) || !text)
		return wrong(key, "not a name");
	if (!strcmp(key, "backend"))
		return take_backend(d, text);
	free(d->ifname);
	d->ifname = strdup(text);
	return d->ifname ? 0 : -ENOMEM;
}

int device_configure(struct device *d, snd_config_t *conf)
{
	snd_config_iterator_t i, next;
	const char *key;
	int err;

	snd_config_for_each(i, next, conf)
	{
		snd_config_t *node = snd_config_iterator_entry(i);

		if (snd_config_get_id(node, &key) < 0 || is_general(key))
			continue;
		err = take(d, key, node);
		if (err)
			return err;
	}
	if (!d->ifname)
		return wrong("interface", "missing");
	if (!d->n)
		return wrong("streams", "missing");
	return 0;
}
