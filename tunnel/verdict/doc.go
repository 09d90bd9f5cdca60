// Package verdict says of an exchange whether it streamed, who is likely to have
// held it back, and what to change: arrivals and headers in; a label, a score,
// the findings in numbers, the suspects and the advice out. It is pure: no
// clock, no I/O, the same answer for the same exchange.
//
// Arrivals that begin within 8 ms of one another are one lump. What a lump says
// of when its units were made decides all else. One unit was on time. Several
// were made evenly since the lump before, unless the lumps show that the source
// itself writes in clumps: their parts come a little apart, or their units do
// not grow with the time between them as those of a steady flow would. From
// that follow the share of units that were joined on the way, and the score:
//
//	score = 1 - Σ bytes·waited / Σ bytes·could have waited
//
// where a byte could have waited from its making to the end. Arrival decides,
// never the content type; only how many units a lump holds tells a stream that
// was held to its end from an answer that was made in one piece. Where units
// cannot be counted, in tunnels and in bodies without messages, the usual read
// is taken for one.
//
// [Suspects] adds up the evidence for each layer by weights that stand in one
// table; [AdviceFor] looks a layer up in an embedded catalogue. [Cutoffs] sees
// what only several exchanges show. A verdict names a symptom and the usual
// cause; it claims no setting that it cannot see.
package verdict
