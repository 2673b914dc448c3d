// SPDX-License-Identifier: MIT
/* The state machines of IEEE 802.1Q clause 10.7, as the standard's tables. */
#include "mrp.h"

enum {
	ANYWHERE,
	SHARED, /* only on a medium with more than two stations */
	P2P, /* only with two */
};

struct cell {
	uint8_t next; /* enum mrp_state + 1; 0: stays */
	uint8_t send;
	uint8_t only;
};

/* clang-format off */
#define _(state)	{ MRP_##state + 1, MRP_SEND_NOTHING, ANYWHERE }
#define __		{ 0, MRP_SEND_NOTHING, ANYWHERE }
#define SH(state)	{ MRP_##state + 1, MRP_SEND_NOTHING, SHARED }
#define PP(state)	{ MRP_##state + 1, MRP_SEND_NOTHING, P2P }
#define N(state)	{ MRP_##state + 1, MRP_SEND_NEW, ANYWHERE }
#define J(state)	{ MRP_##state + 1, MRP_SEND_JOIN, ANYWHERE }
#define S(state)	{ MRP_##state + 1, MRP_SEND_NULL, ANYWHERE }
#define L(state)	{ MRP_##state + 1, MRP_SEND_LV, ANYWHERE }
#define MJ(state)	{ MRP_##state + 1, MRP_SEND_MAY_JOIN, ANYWHERE }
#define MS(state)	{ MRP_##state + 1, MRP_SEND_MAY_NULL, ANYWHERE }
#define MSH(state)	{ MRP_##state + 1, MRP_SEND_MAY_NULL, SHARED }

/*
 * Table 10-3. On a link of two, observers (VO, AO, QO) do not become LO: what
 * they would say then is for other stations.
 */
static const struct cell applicant[MRP_FLUSH][MRP_STATES] = {
/*			VO	VP	VN	AN	AA	QA	LA	AO	QO	AP	QP	LO */
[MRP_BEGIN]	= {	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO),	_(VO) },
[MRP_NEW]	= {	_(VN),	_(VN),	__,	__,	_(VN),	_(VN),	_(VN),	_(VN),	_(VN),	_(VN),	_(VN),	_(VN) },
[MRP_JOIN]	= {	_(VP),	__,	__,	__,	__,	__,	_(AA),	_(AP),	_(QP),	__,	__,	_(VP) },
[MRP_LEAVE]	= {	__,	_(VO),	_(LA),	_(LA),	_(LA),	_(LA),	__,	__,	__,	_(AO),	_(QO),	__    },
[MRP_R_NEW]	= {	__,	__,	__,	__,	__,	__,	__,	__,	__,	__,	__,	__    },
[MRP_R_JOIN_IN]	= {	SH(AO),	SH(AP),	__,	__,	_(QA),	__,	__,	_(QO),	__,	_(QP),	__,	__    },
[MRP_R_IN]	= {	__,	__,	__,	__,	PP(QA),	__,	__,	__,	__,	__,	__,	__    },
[MRP_R_JOIN_MT]	= {	__,	__,	__,	__,	__,	_(AA),	__,	__,	_(AO),	__,	_(AP),	_(VO) },
[MRP_R_MT]	= {	__,	__,	__,	__,	__,	_(AA),	__,	__,	_(AO),	__,	_(AP),	_(VO) },
[MRP_R_LV]	= {	SH(LO),	__,	__,	_(VN),	_(VP),	_(VP),	__,	SH(LO),	SH(LO),	_(VP),	_(VP),	__    },
[MRP_R_LA]	= {	SH(LO),	__,	__,	_(VN),	_(VP),	_(VP),	__,	SH(LO),	SH(LO),	_(VP),	_(VP),	__    },
[MRP_REDECLARE]	= {	SH(LO),	__,	__,	_(VN),	_(VP),	_(VP),	__,	SH(LO),	SH(LO),	_(VP),	_(VP),	__    },
[MRP_PERIODIC]	= {	__,	__,	__,	__,	__,	_(AA),	__,	__,	__,	__,	_(AP),	__    },
[MRP_TX]	= {	MS(VO),	J(AA),	N(AN),	N(QA),	J(QA),	MJ(QA),	L(VO),	MS(AO),	MS(QO),	J(QA),	MS(QP),	S(VO) },
[MRP_TX_LA]	= {	MSH(LO),S(AA),	N(AN),	N(QA),	J(QA),	J(QA),	MS(LO),	MSH(LO),MSH(LO),J(QA),	J(QA),	MS(LO) },
[MRP_TX_LAF]	= {	SH(LO),	_(VP),	_(VN),	_(VN),	_(VP),	_(VP),	_(LO),	SH(LO),	SH(LO),	_(VP),	_(VP),	__    },
};
#undef _
#undef __
#undef SH
#undef PP
#undef N
#undef J
#undef S
#undef L
#undef MJ
#undef MS
#undef MSH

#define R(state, told, timer)	{ MRP_##state, MRP_TOLD_##told, MRP_TIMER_##timer }

/* Table 10-4; the events that are not in it change nothing. */
static const struct registrar_cell {
	uint8_t next;
	uint8_t told;
	uint8_t timer;
} registrar[MRP_EVENTS][MRP_REGISTRARS] = {
/*			MT			  LV			   IN */
[MRP_BEGIN]	  = { R(MT, NOTHING, STOP),  R(MT, NOTHING, STOP),  R(MT, NOTHING, STOP) },
[MRP_NEW]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_JOIN]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_LEAVE]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_R_NEW]	  = { R(IN, NEW, KEEP),	     R(IN, NEW, STOP),	    R(IN, NEW, KEEP) },
[MRP_R_JOIN_IN]	  = { R(IN, JOIN, KEEP),     R(IN, NOTHING, STOP),  R(IN, NOTHING, KEEP) },
[MRP_R_IN]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_R_JOIN_MT]	  = { R(IN, JOIN, KEEP),     R(IN, NOTHING, STOP),  R(IN, NOTHING, KEEP) },
[MRP_R_MT]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_R_LV]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(LV, NOTHING, START) },
[MRP_R_LA]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(LV, NOTHING, START) },
[MRP_REDECLARE]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(LV, NOTHING, START) },
[MRP_PERIODIC]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_TX]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_TX_LA]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(LV, NOTHING, START) },
[MRP_TX_LAF]	  = { R(MT, NOTHING, KEEP),  R(LV, NOTHING, KEEP),  R(IN, NOTHING, KEEP) },
[MRP_FLUSH]	  = { R(MT, NOTHING, KEEP),  R(MT, LV, STOP),	    R(MT, LV, STOP) },
[MRP_LEAVE_TIMER] = { R(MT, NOTHING, KEEP),  R(MT, LV, STOP),	    R(IN, NOTHING, KEEP) },
};
/* clang-format on */
#undef R

enum mrp_send mrp_applicant(uint8_t *state, enum mrp_event ev, bool in,
			    bool p2p)
{
	const struct cell *c = &applicant[ev][*state];

	if (c->only == (p2p ? SHARED : P2P))
		return MRP_SEND_NOTHING;
	/* note 8: New is said until the other side is heard to have it */
	if (ev == MRP_TX && *state == MRP_AN && !in)
		*state = MRP_AA;
	else if (c->next)
		*state = c->next - 1;
	return c->send;
}

enum mrp_told mrp_registrar(uint8_t *state, enum mrp_event ev,
			    enum mrp_timer *timer)
{
	const struct registrar_cell *c = &registrar[ev][*state];

	*state = c->next;
	*timer = c->timer;
	return c->told;
}

/* Table 10-5. True: LeaveAll is sent. */
bool mrp_leaveall(bool *active, enum mrp_event ev, enum mrp_timer *timer)
{
	bool send = false;

	*timer = MRP_TIMER_KEEP;
	switch (ev) {
	case MRP_BEGIN:
	case MRP_R_LA:
		*timer = MRP_TIMER_START;
		*active = false;
		break;
	case MRP_LEAVE_TIMER: /* leavealltimer! */
		*timer = MRP_TIMER_START;
		*active = true;
		break;
	case MRP_TX:
		send = *active;
		*active = false;
		break;
	default:
		break;
	}
	return send;
}

/* Table 10-6. True: all applicants are told periodic!. */
bool mrp_periodic(bool *active, enum mrp_periodic_event ev,
		  enum mrp_timer *timer)
{
	bool was = *active;

	*timer = MRP_TIMER_KEEP;
	switch (ev) {
	case MRP_PERIODIC_BEGIN:
		*active = true;
		*timer = MRP_TIMER_START;
		break;
	case MRP_PERIODIC_ENABLED:
		*active = true;
		if (!was)
			*timer = MRP_TIMER_START;
		break;
	case MRP_PERIODIC_DISABLED:
		*active = false;
		break;
	case MRP_PERIODIC_TIMER:
		if (was)
			*timer = MRP_TIMER_START;
		return was;
	}
	return false;
}
