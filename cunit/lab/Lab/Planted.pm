package Lab::Planted;
# Lab::Planted - bugs on purpose, each of which a named job must catch
#
# A bug is planted without touching the product: the interposer leaves a call out, distorts it, or hides
# its failure, as a mistake in the code would.  The job runs on operations that are sound without the bug
# (that is checked first), and must find something.  A bug whose call is never made in this version does
# not apply, and does not count.
use strict;
use warnings;
use Errno qw(ENOSPC EIO);
use Lab::C2;
use Lab::C3;
use Lab::Report qw(result note);

my $SOME = qr/^(?:LMTP to 1|APPEND|STORE -FLAGS|EXPUNGE)$/;
my $NAMES = qr/^(?:CREATE|SETACL|SUBSCRIBE|SETQUOTA)$/;

my $DIRECT = { commit_sync => 'direct' };

# name, job, operations, rules, what a programmer would have done to get it, configuration
our @BUGS = (
    [ 'no sync at all', 'C4', $SOME, [ { mask => 'syncs', action => 'SKIP' } ],
      'every sync is left out' ],
    [ 'journal not synced', 'C4', $SOME, [ { mask => 'syncs', action => 'SKIP', path => '/journal' } ],
      'the reply does not wait for the journal record' ],
    [ 'journal write error swallowed', 'C2', $SOME,
      [ { mask => 'WRITE PWRITE WRITEV PWRITEV', action => 'ERRNO', error => ENOSPC, path => '/journal', until => 1000 },
        { mask => 'WRITE PWRITE WRITEV PWRITEV', action => 'SWALLOW', path => '/journal', until => 1000 },
        { mask => 'PWRITE', action => 'SKIP', path => 'cyrus.index', until => 1000 } ],
      'a full disk is not noticed: neither the journal nor the index has the record' ],
    [ 'journal record torn', 'C4', $SOME, [ { mask => 'WRITE PWRITE WRITEV PWRITEV', action => 'TEAR', path => '/journal' } ],
      'half of a record is written, and taken for whole' ],
    [ 'message file not synced', 'C4', $SOME, [ { mask => 'syncs', action => 'SKIP', path => '/stage.' } ],
      'the bytes of a staged message are not synced before it is linked', $DIRECT ],
    [ 'commit under way not durable', 'C3', qr/^APPEND$/, [ { mask => 'syncs', action => 'SKIP', path => 'cyrus.index' } ],
      'a message gets its name before the index on the disk says that a commit is under way', $DIRECT ],
    [ 'link not made durable', 'C4', $SOME, [ { mask => 'FSYNC SYNCFS', action => 'SKIP', path => '/spool/' } ],
      'the directory is not synced after a message is linked into it', $DIRECT ],
    [ 'link left out', 'C2', $SOME, [ { mask => 'LINK', action => 'SKIP', path => '/spool/' } ],
      'the failure of link() is taken for "exists already"' ],
    [ 'error of the index write swallowed', 'C2', $SOME,
      [ { mask => 'PWRITE', action => 'ERRNO', error => ENOSPC, path => 'cyrus.index', until => 1000 },
        { mask => 'PWRITE', action => 'SWALLOW', path => 'cyrus.index', until => 1000 } ],
      'the result of pwrite() is not looked at' ],
    [ 'error of the sync swallowed', 'C4', $SOME,
      [ { mask => 'syncs', action => 'ERRNO', error => EIO, until => 1000 }, { mask => 'syncs', action => 'SWALLOW', until => 1000 } ],
      'the result of fdatasync() is not looked at' ],
    [ 'torn index record', 'C2', $SOME, [ { mask => 'PWRITE', action => 'TEAR', path => 'cyrus.index' } ],
      'a short write is taken for a whole one' ],
    [ 'rename before its data', 'C4', $NAMES, [ { mask => 'syncs', action => 'SKIP', path => '.NEW' } ],
      'a file is replaced by one whose bytes are not durable' ],
    [ 'replacement not renamed', 'C2', qr/^(?:SETACL|SETQUOTA|SUBSCRIBE|STORE \+FLAGS)$/, [ { mask => 'RENAME', action => 'SKIP' } ],
      'the failure of rename() is not noticed' ],
    [ 'late write', 'C2', $SOME, [ { mask => 'PWRITE', action => 'LATER', count => 60, path => 'cyrus.index' } ],
      'the index is written after the reply', $DIRECT ],
    [ 'mailbox list not synced', 'C4', $NAMES, [ { mask => 'syncs', action => 'SKIP', path => 'mailboxes.db' } ],
      'a new mailbox is told before its entry is durable' ],
    [ 'directory of a mailbox not durable', 'C4', $NAMES, [ { mask => 'FSYNC SYNCFS', action => 'SKIP', path => '/spool/' } ],
      'mkdir without a sync of the directory above' ],
    [ 'quota file not renamed', 'C2', qr/^SETQUOTA$/, [ { mask => 'RENAME', action => 'SKIP', path => '/quota/' } ],
      'the new limit stays in a file beside the old one' ],
);

# Everything that a job may have found.
sub _found { my ($sum) = @_; my $n = 0; $n += $sum->{$_} // 0 for qw(lost half other bad files uncovered); return $n }

sub _job {
    my ($job, $o, $ops, $conf, $plant) = @_;
    my %common = (%$o, conf => $conf // {}, ops => $ops, seconds => $o->{long} ? 40 : 8, rounds => 1, plant => $plant, quiet => 1);
    local $Lab::Report::quiet = !$ENV{LAB_SHOW_PLANTED};
    return Lab::C2::run($job, %common, variants => ['process']) if $job eq 'C2';
    return Lab::C3::run($job, %common, acks => $job eq 'C4');
}

# Returns the number found, and whether the bug was there at all.
sub _try {
    my ($o, $bug) = @_;
    my ($name, $job, $ops, $rules, $what, $conf) = @$bug;
    my $plant = sub {
        my ($w) = @_;
        my $n = 8 - @$rules;
        $w->{planted} = [ $n .. 7 ];
        $w->{lab}->rule($n++, from => 1, until => 0, %$_) for @$rules;
    };
    my $sum = eval { _job($job, $o, $ops, $conf, $plant) };
    return (0, 0) unless $sum;
    return (_found($sum), $sum->{planted} // 0);
}

sub run {
    my (%o) = @_;
    my (%sound, $missed, $caught);
    $missed = $caught = 0;
    for my $bug (grep { !$o{only} || $_->[0] =~ $o{only} } @BUGS) {
        my ($name, $job, $ops, $rules, $what, $conf) = @$bug;
        my $base = join ' ', $job, $ops, %{ $conf || {} };
        $sound{$base} //= _found(_job($job, \%o, $ops, $conf, undef)) ? 'no' : 'yes';
        if ($sound{$base} eq 'no') { note("planted: $name: $job finds something on these operations without it"); $missed++; next }
        my ($found, $applied) = _try(\%o, $bug);
        if (!$applied) { note("planted: $name: does not apply, the call is not made"); next }
        note(sprintf 'planted: %-36s %s by %s (%s)', $name, $found ? 'caught' : 'MISSED', $job, $found ? "$found findings" : $what);
        $found ? $caught++ : $missed++;
    }
    result('planted.caught', $caught, $o{only} ? '-' : '>=10');
    result('planted.missed', $missed, 0);
}

1;
