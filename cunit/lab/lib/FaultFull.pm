package FaultFull;
# FaultFull - job F4: no block or no inode is left
#
# A small ext4 image on a loop device (needs root) holds the spool, the configuration directory, or both.
# It is filled to its last block (or inode) while messages are delivered and appended; then room is made
# again.  A point is "WHERE WHAT", such as "spool blocks".
use strict;
use warnings;
use File::Path qw(make_path);
use Time::HiRes qw(time sleep);
use FaultLab;
use FaultLive;

use constant { IMAGE_MB => 96, INODES => 400, BACK_WITHIN => 10, REFUSALS => 12 };

# Nothing, or why it cannot be done here.
sub obstacle {
    return 'needs root' if $> != 0;
    return 'no /dev/loop-control' unless -e '/dev/loop-control';
    return 'no mkfs.ext4' unless grep { -x "$_/mkfs.ext4" } '/sbin', '/usr/sbin', '/usr/bin';
    return '';
}

my @mounted;

sub quiet { my ($cmd) = @_; my $out = qx{$cmd 2>&1}; return $? ? "$cmd: $out" : '' }

# Make an image and mount it at $at.  Words when that fails.
sub mount_image {
    my ($image, $at, $inodes) = @_;
    make_path($at);
    my $n = $inodes ? "-N $inodes" : '';
    my $bad = quiet("truncate -s @{[IMAGE_MB]}M '$image' && mkfs.ext4 -q -F -m 0 $n '$image' && mount -o loop '$image' '$at'");
    return $bad if $bad;
    push @mounted, $at;
    rmdir "$at/lost+found";
    return '';
}

sub unmount_all {
    for my $at (splice @mounted) {
        for (1 .. 20) { last unless quiet("umount '$at'"); sleep 0.2 }
    }
}

# ---- filling
sub fill_blocks {
    my ($file, $leave) = @_;
    open my $fh, '>>:raw', $file or return;
    my $size = 1 << 20;
    while ($size >= 512) {
        my $free = (split ' ', (qx{df -B1 --output=avail '$file'} =~ s/.*\n//r))[0];
        last if $free <= $leave;
        my $n = $size < $free - $leave ? $size : $free - $leave;
        $size >>= 1 unless syswrite $fh, "\0" x $n;
    }
    close $fh;
}

sub fill_inodes {
    my ($dir) = @_;
    make_path($dir);
    my $n = 0;
    while (open my $fh, '>', "$dir/" . $n++) { close $fh }
}

# ---- one place
sub deliver_some {
    my ($l, $c, $rand, $count, $tally) = @_;
    for (1 .. $count) {
        my $lines = $rand->(3) ? 3 : $rand->(1500);
        my %a = $rand->(2) ? $l->deliver($c->{lmtp}, [ $rand->(2) ? ('alice', 'bob') : ('bob') ], lines => $lines)
                           : (alice => $l->append($c->{imap}, 'alice', 'INBOX', lines => $lines));
        my $yes = !grep { $_ ne 'yes' } values %a;
        $tally->{ $yes ? 'yes' : 'refused' }++;
        $tally->{refused_in_a_row} = $yes ? 0 : ($tally->{refused_in_a_row} // 0) + 1;
        $tally->{gone}++ if grep { $_ eq 'gone' } values %a;
        $tally->{permanent}++ if !$yes && ($l->{words} // '') =~ /^5/;
    }
}

sub trial {
    my ($point) = @_;
    my ($where, $what) = split ' ', $point;
    my $base = FaultLab::new_dir();
    my $dir = "$base/i";
    my %at = (spool => "$dir/spool", conf => "$dir/conf", both => $dir);
    my $bad = mount_image("$base/image", $at{$where}, $what eq 'inodes' ? INODES : 0);
    return FaultLab::skipped("F4 $point", $bad) if $bad;
    chmod 0755, $base, $dir;
    my $l = FaultLive->new(dir => $dir);
    my $rand = FaultLab::random("full $point");
    my $filler = "$at{$where}/filler";
    my $c = { lmtp => $l->lmtp, imap => $l->instance->imap(user => 'alice') };
    my (%before, %full, %after);
    deliver_some($l, $c, $rand, 8, \%before);
    fill_blocks($filler, 150_000) if $what eq 'blocks';
    fill_inodes($filler) if $what eq 'inodes';
    for (1 .. 60) {
        deliver_some($l, $c, $rand, 2, \%full);
        last if ($full{refused_in_a_row} // 0) >= REFUSALS;
    }
    fill_blocks($filler, 0) if $what eq 'blocks';
    deliver_some($l, $c, $rand, 6, \%full);
    my $reads = eval {
        my $r = $l->instance->imap(user => 'bob');
        $r->ok($_) for 'SELECT INBOX', 'FETCH 1:* (FLAGS BODY.PEEK[])';
        1;
    } ? 0 : 1;
    system('rm', '-rf', $filler);
    my $back = back_again($l, $c, $rand, \%after);
    my ($first) = $l->check_book;
    $l->instance->kill_all;
    $l->start;
    my ($second) = $l->check_book;
    my @wrong = (@$first, @$second, $l->finish);
    FaultLab::broken('F4', $point, $_) for @wrong;
    my $name = 'F4.' . $point =~ s/ /_/r;
    my $accepted = 0;
    $accepted += $_->{yes} // 0 for \%before, \%full, \%after;
    FaultLab::figure("$name.accepted", $accepted);
    # a delivery writes messages to the spool; the other place may take it within what it has
    if ($where eq 'conf') { FaultLab::figure("$name.refused", $full{refused} // 0) }
    else { FaultLab::bound("$name.refused", $full{refused} // 0, 1, at_least => 1) }
    FaultLab::bound("$name.permanent_refusals", ($full{permanent} // 0) + ($before{refused} // 0), 0);
    FaultLab::bound("$name.sessions_lost", $full{gone} // 0, 0);
    FaultLab::bound("$name.reading_refused", $reads, 0);
    FaultLab::bound("$name.seconds_until_back", sprintf('%.1f', $back), BACK_WITHIN);
    FaultLab::bound("$name.problems", scalar @wrong, 0);
    FaultLab::check_store($name, $dir);
}

# With room again the same sessions must be able to write: seconds until all of a few tries went well.
sub back_again {
    my ($l, $c, $rand, $tally) = @_;
    my $t = time;
    while (time - $t < BACK_WITHIN + 1) {
        my %now;
        deliver_some($l, $c, $rand, 6, \%now);
        $tally->{yes} += $now{yes} // 0;
        return time - $t if !$now{refused};
        sleep 0.25;
    }
    return time - $t;
}

sub run {
    my $why = obstacle();
    return FaultLab::skipped('F4', $why) if $why;
    my @points = FaultLab::choose([ 'spool blocks', 'both inodes' ], ('all') x 2);
    @points = ref $points[0] ? @{ $points[0] } : map { my $w = $_; map { "$w $_" } qw(blocks inodes) } qw(spool conf both);
    @points = ($FaultLab::Opt{point}) if $FaultLab::Opt{point};
    for my $point (@points) {
        eval { trial($point); 1 } or FaultLab::job_died("F4 $point", $@);
        unmount_all();
    }
}

END { local $?; unmount_all() if $$ == $FaultLab::Main }

1;
